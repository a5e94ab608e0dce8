"""Kill and restart the stack's services, and count which responses and runs are lost.

    python -m tests.stack.survive               in a checkout whose stack is up (docker compose)
    COMPOSE=… CRASH=… python -m tests.stack.survive     with another compose; CRASH kills a service

Annotators submit responses throughout and note which ones Argilla accepts. With `--runs`, a run
trains meanwhile. At the end Argilla must have every response as it last accepted it, and the run
must have finished exactly once. Otherwise the exit status is 1.
"""

import argparse
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.stack.compose import compose, crash, log, query

RECORDS, PEOPLE = 200, 3
READY_SECONDS = 600
CAMPAIGN, TRAINING = "survival", "survival"


@dataclass
class Annotators:
    """Annotators who submit without a pause, and the responses that Argilla accepted."""

    url: str
    key: str
    accepted: dict[tuple[str, str], str] = field(default_factory=dict)
    failures: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    dataset: str = ""

    def request(self, key: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Argilla-Api-Key": key}
        url = f"{self.url}/api/v1/{path}"
        response = httpx.request(method, url, json=body, headers=headers, timeout=30)
        response.raise_for_status()
        return response.json() if response.content else None

    def prepare(self) -> None:
        """Create a dataset and its annotators."""
        name = f"survival-{int(time.time())}"
        workspace = self.request(self.key, "POST", "workspaces", {"name": name})["id"]
        body = {"name": name, "workspace_id": workspace, "allow_extra_metadata": True}
        body["distribution"] = {"strategy": "overlap", "min_submitted": PEOPLE + 1}
        self.dataset = self.request(self.key, "POST", "datasets", body)["id"]
        text = {"type": "text", "use_markdown": False}
        parts = {"name": "text", "title": "text", "required": True, "settings": text}
        self.request(self.key, "POST", f"datasets/{self.dataset}/fields", parts)
        labels = [{"value": word, "text": word} for word in ("one", "two")]
        label = {"type": "label_selection", "options": labels}
        parts = {"name": "label", "title": "label", "required": True, "settings": label}
        self.request(self.key, "POST", f"datasets/{self.dataset}/questions", parts)
        self.request(self.key, "PUT", f"datasets/{self.dataset}/publish")
        items = [{"fields": {"text": f"text {n}"}} for n in range(RECORDS)]
        self.request(self.key, "POST", f"datasets/{self.dataset}/records/bulk", {"items": items})
        for n in range(PEOPLE):
            person = {"username": f"{name}-{n}", "first_name": "p", "password": os.urandom(9).hex()}
            user = self.request(self.key, "POST", "users", {**person, "role": "annotator"})
            self.keys[user["id"]] = user["api_key"]
            path = f"workspaces/{workspace}/users"
            self.request(self.key, "POST", path, {"user_id": user["id"]})

    def start(self) -> None:
        for user in self.keys:
            self.threads.append(threading.Thread(target=self._annotate, args=(user,)))
            self.threads[-1].start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _annotate(self, user: str) -> None:
        records: list[str] = []
        turn = 0
        while not self.stopped.is_set():
            try:
                if not records:
                    path = f"datasets/{self.dataset}/records?limit={RECORDS}"
                    items = self.request(self.key, "GET", path)["items"]
                    records = [record["id"] for record in items]
                record, value = records[turn % RECORDS], ("one", "two")[turn // RECORDS % 2]
                answer = {"label": {"value": value}}
                item = {"record_id": record, "status": "submitted", "values": answer}
                body = {"items": [item]}
                reply = self.request(self.keys[user], "POST", "me/responses/bulk", body)
                if reply["items"][0]["error"]:
                    raise httpx.HTTPError(reply["items"][0]["error"]["detail"])
                self.accepted[user, record] = value
                turn += 1
            except (httpx.HTTPError, ValueError):
                self.failures += 1
                # Argilla may or may not have stored this response, so submit it again.
                self.stopped.wait(0.5)
            self.stopped.wait(0.05)

    def lost(self) -> int:
        """The number of accepted responses that Argilla doesn't have as it last accepted them."""
        path = f"datasets/{self.dataset}/records?include=responses&limit={RECORDS}"
        stored = {
            (response["user_id"], record["id"]): response["values"]["label"]["value"]
            for record in self.request(self.key, "GET", path)["items"]
            for response in record["responses"]
        }
        return sum(stored.get(key) != value for key, value in self.accepted.items())


def wait_until_answered(people: Annotators) -> float:
    """Wait until Argilla answers a request that needs its database; returns the seconds."""
    start = time.monotonic()
    while True:
        try:
            people.request(people.key, "GET", "me")
            return time.monotonic() - start
        except httpx.HTTPError:
            if time.monotonic() - start > READY_SECONDS:
                raise
            time.sleep(0.5)


def freeze_version() -> str:
    """Create a campaign and freeze a version that its [watch] section matches."""
    campaign = Path("configs/campaigns") / f"{CAMPAIGN}.toml"
    text = Path("configs/campaigns/demo-tone.toml").read_text(encoding="utf-8")
    text = text.replace('salt = "demo"', f'salt = "{time.time()}"')
    watch = f'\n[watch]\nversions = "survival-*"\ntraining = ["{TRAINING}"]\n'
    campaign.write_text(text + watch, encoding="utf-8")
    mini = Path("configs/training/mini.toml").read_text(encoding="utf-8")
    Path(f"configs/training/{TRAINING}.toml").write_text(
        "\n".join(
            line for line in mini.splitlines() if not line.startswith(("steps", "save_every"))
        )
        + "\nsteps = 120\nsave_every = 10\n",
        encoding="utf-8",
    )
    name = f"survival-{int(time.time())}"
    log(compose("exec", "-T", "timbre", "timbre", "version", "freeze", CAMPAIGN, "--name", name))
    return name


def run_states(earlier: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """The state of this test's queued runs; `earlier` has the keys of previous tests' runs."""
    output = compose("exec", "-T", "timbre", "timbre", "run", "queue", "--json", check=False)
    try:
        runs: list[dict[str, Any]] = json.loads(output)
    except ValueError:
        return []
    return [run for run in runs if run["training"] == TRAINING and run["key"] not in earlier]


def wait_until_trains(earlier: frozenset[str], attempt: int) -> None:
    expected = ("working", attempt)
    while not any((s["state"], s["attempts"]) == expected for s in run_states(earlier)):
        time.sleep(2)
    log(f"the run trains, attempt {attempt}")


def finished_events() -> list[str]:
    """The number of `finished` events of each run of the test's versions."""
    return query(
        "timbre",
        "SELECT count(*) FROM events JOIN runs ON events.subject = runs.id JOIN versions ON "
        "runs.version = versions.root WHERE versions.name LIKE 'survival-%' AND "
        "events.kind = 'finished' GROUP BY runs.id",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", action="store_true", help="also train a run")
    options = parser.parse_args()
    env = dict(
        line.split("=", 1)
        for line in Path(".env").read_text(encoding="utf-8").split()
        if "=" in line
    )
    url = f"http://127.0.0.1:{env.get('ARGILLA_PORT', '6900')}"
    people = Annotators(url, env["ARGILLA_API_KEY"])
    wait_until_answered(people)
    people.prepare()
    people.start()
    earlier = frozenset(run["key"] for run in run_states())
    if options.runs:
        log(f"version {freeze_version()}")
        wait_until_trains(earlier, attempt=1)
    services = ["redis", "argilla", "argilla-worker", "postgres"]
    for service in [*services, *(["timbre", "trainer"] if options.runs else [])]:
        crash(service)
        time.sleep(3)
        log(f"killed {service}: Argilla answers after {wait_until_answered(people) + 3:.0f} s")
    if options.runs:
        # Wait until the run trains again, so that the next steps interrupt it. Only kills count as
        # attempts, and another worker takes over when the claim is stale.
        wait_until_trains(earlier, attempt=2)
    compose("restart", "postgres")
    log(f"restarted postgres: Argilla answers after {wait_until_answered(people):.0f} s")
    compose("exec", "-T", "redis", "redis-cli", "FLUSHALL")
    log(f"emptied redis: Argilla answers after {wait_until_answered(people):.0f} s")
    compose("stop")
    compose("up", "-d", *([] if options.runs else services))
    log(f"stopped and started all: Argilla answers after {wait_until_answered(people):.0f} s")
    time.sleep(5)
    people.stop()
    lost = people.lost()
    log(f"{len(people.accepted)} responses accepted ({people.failures} retried), {lost} lost")
    return int(bool(lost) or (options.runs and not finished_once(earlier)))


def finished_once(earlier: frozenset[str]) -> bool:
    """Wait for the test's run to end; returns whether it finished exactly once."""
    pending = ("waiting", "working")
    while not (states := run_states(earlier)) or any(s["state"] in pending for s in states):
        time.sleep(5)
    for state in states:
        log(f"run {state['key']}: {state['state']} after {state['attempts']} attempts")
    events = finished_events()
    log(f"`finished` events per run: {', '.join(events)}")
    return {state["state"] for state in states} == {"done"} and set(events) == {"1"}


if __name__ == "__main__":
    sys.exit(main())
