"""What becomes of responses and runs when parts of the stack die: kill, restart, empty, count.

    python -m tests.stack.survive               in a checkout whose stack is up (docker compose)
    COMPOSE=… CRASH=… python -m tests.stack.survive     with another compose; CRASH kills a service

Annotators submit all the while, each noting what was accepted; `--runs` also freezes a version
whose run trains meanwhile. At the end every accepted response must be there as it was last
accepted, and the run must have finished once. Exit status 1 if not.
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

from tests.stack.compose import compose, crash, query, say

RECORDS, PEOPLE = 200, 3
READY_SECONDS = 600
CAMPAIGN, TRAINING = "survival", "survival"


@dataclass
class Annotators:
    """People who submit without a pause, and note what Argilla said that it had taken."""

    url: str
    key: str
    accepted: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    dataset: str = ""

    def ask(self, key: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-Argilla-Api-Key": key}
        url = f"{self.url}/api/v1/{path}"
        response = httpx.request(method, url, json=body, headers=headers, timeout=30)
        response.raise_for_status()
        return response.json() if response.content else None

    def prepare(self) -> None:
        """A dataset of the test's own, with its people."""
        name = f"survival-{int(time.time())}"
        workspace = self.ask(self.key, "POST", "workspaces", {"name": name})["id"]
        body = {"name": name, "workspace_id": workspace, "allow_extra_metadata": True}
        body["distribution"] = {"strategy": "overlap", "min_submitted": PEOPLE + 1}
        self.dataset = self.ask(self.key, "POST", "datasets", body)["id"]
        text = {"type": "text", "use_markdown": False}
        parts = {"name": "text", "title": "text", "required": True, "settings": text}
        self.ask(self.key, "POST", f"datasets/{self.dataset}/fields", parts)
        labels = [{"value": word, "text": word} for word in ("one", "two")]
        label = {"type": "label_selection", "options": labels}
        parts = {"name": "label", "title": "label", "required": True, "settings": label}
        self.ask(self.key, "POST", f"datasets/{self.dataset}/questions", parts)
        self.ask(self.key, "PUT", f"datasets/{self.dataset}/publish")
        items = [{"fields": {"text": f"text {n}"}} for n in range(RECORDS)]
        self.ask(self.key, "POST", f"datasets/{self.dataset}/records/bulk", {"items": items})
        for n in range(PEOPLE):
            person = {"username": f"{name}-{n}", "first_name": "p", "password": os.urandom(9).hex()}
            made = self.ask(self.key, "POST", "users", {**person, "role": "annotator"})
            self.keys[made["id"]] = made["api_key"]
            self.ask(self.key, "POST", f"workspaces/{workspace}/users", {"user_id": made["id"]})

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
                    found = self.ask(self.key, "GET", path)["items"]
                    records = [record["id"] for record in found]
                record, value = records[turn % RECORDS], ("one", "two")[turn // RECORDS % 2]
                answer = {"label": {"value": value}}
                item = {"record_id": record, "status": "submitted", "values": answer}
                told = self.ask(self.keys[user], "POST", "me/responses/bulk", {"items": [item]})
                if told["items"][0]["error"]:
                    raise httpx.HTTPError(told["items"][0]["error"]["detail"])
                self.accepted[user, record] = value
                turn += 1
            except (httpx.HTTPError, ValueError):
                self.refused += 1
                # What was not said to be taken may be there or not: it is said again.
                self.stopped.wait(0.5)
            self.stopped.wait(0.05)

    def lost(self) -> int:
        """How many accepted responses are not there as they were last accepted."""
        path = f"datasets/{self.dataset}/records?include=responses&limit={RECORDS}"
        there = {
            (response["user_id"], record["id"]): response["values"]["label"]["value"]
            for record in self.ask(self.key, "GET", path)["items"]
            for response in record["responses"]
        }
        return sum(there.get(place) != value for place, value in self.accepted.items())


def wait_until_answered(people: Annotators) -> float:
    """Seconds until Argilla takes a request that needs its database."""
    began = time.monotonic()
    while True:
        try:
            people.ask(people.key, "GET", "me")
            return time.monotonic() - began
        except httpx.HTTPError:
            if time.monotonic() - began > READY_SECONDS:
                raise
            time.sleep(0.5)


def freeze_version() -> str:
    """A version of the demo's records that fits the rule of a campaign made for it."""
    made = Path("configs/campaigns") / f"{CAMPAIGN}.toml"
    text = Path("configs/campaigns/demo-tone.toml").read_text(encoding="utf-8")
    text = text.replace('salt = "demo"', f'salt = "{time.time()}"')
    rule = f'\n[watch]\nversions = "survival-*"\ntraining = ["{TRAINING}"]\n'
    made.write_text(text + rule, encoding="utf-8")
    mini = Path("configs/training/mini.toml").read_text(encoding="utf-8")
    Path(f"configs/training/{TRAINING}.toml").write_text(
        "\n".join(
            line for line in mini.splitlines() if not line.startswith(("steps", "save_every"))
        )
        + "\nsteps = 120\nsave_every = 10\n",
        encoding="utf-8",
    )
    name = f"survival-{int(time.time())}"
    say(compose("exec", "-T", "timbre", "timbre", "version", "freeze", CAMPAIGN, "--name", name))
    return name


def run_states(earlier: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """How far the runs of the test are, but for those of an earlier one."""
    told = compose("exec", "-T", "timbre", "timbre", "run", "queue", "--json", check=False)
    try:
        found: list[dict[str, Any]] = json.loads(told)
    except ValueError:
        return []
    return [one for one in found if one["training"] == TRAINING and one["key"] not in earlier]


def wait_until_trains(earlier: frozenset[str], attempt: int) -> None:
    sought = ("working", attempt)
    while not any((s["state"], s["attempts"]) == sought for s in run_states(earlier)):
        time.sleep(2)
    say(f"its run trains, attempt {attempt}")


def finished_events() -> list[str]:
    """How often each run of the test's versions is said to have finished."""
    return query(
        "timbre",
        "SELECT count(*) FROM events JOIN runs ON events.subject = runs.id JOIN versions ON "
        "runs.version = versions.root WHERE versions.name LIKE 'survival-%' AND "
        "events.kind = 'finished' GROUP BY runs.id",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", action="store_true", help="let a run train meanwhile")
    asked = parser.parse_args()
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
    earlier = frozenset(one["key"] for one in run_states())
    if asked.runs:
        say(f"version {freeze_version()}")
        wait_until_trains(earlier, attempt=1)
    parts = ["redis", "argilla", "argilla-worker", "postgres"]
    for service in [*parts, *(["timbre", "trainer"] if asked.runs else [])]:
        crash(service)
        time.sleep(3)
        say(f"killed {service}: answered again after {wait_until_answered(people) + 3:.0f} s")
    if asked.runs:
        # What follows is to meet it at work again; only a kill counts as an attempt.
        wait_until_trains(earlier, attempt=2)
    compose("restart", "postgres")
    say(f"restarted postgres: answered again after {wait_until_answered(people):.0f} s")
    compose("exec", "-T", "redis", "redis-cli", "FLUSHALL")
    say(f"emptied redis: answered again after {wait_until_answered(people):.0f} s")
    compose("stop")
    compose("up", "-d", *([] if asked.runs else parts))
    say(f"stopped and started all: answered again after {wait_until_answered(people):.0f} s")
    time.sleep(5)
    people.stop()
    lost = people.lost()
    say(f"{len(people.accepted)} responses accepted ({people.refused} asked again), {lost} lost")
    return int(bool(lost) or (asked.runs and not ran_once(earlier)))


def ran_once(earlier: frozenset[str]) -> bool:
    """Wait for the test's run to end, and see that it finished once."""
    under_way = ("waiting", "working")
    while not (states := run_states(earlier)) or any(s["state"] in under_way for s in states):
        time.sleep(5)
    for state in states:
        say(f"run {state['key']}: {state['state']} after {state['attempts']} attempts")
    events = finished_events()
    say(f"finished events for each run: {', '.join(events)}")
    return {state["state"] for state in states} == {"done"} and set(events) == {"1"}


if __name__ == "__main__":
    sys.exit(main())
