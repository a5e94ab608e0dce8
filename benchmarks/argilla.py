"""The latency of the embedded Argilla server with many records.

    python -m benchmarks.argilla [COUNT ...] [--postgresql URL]

The default COUNTs are 1000, 10000 and 100000. The table has medians over HTTP and the server's CPU
time, which other work on the machine disturbs less. It is recorded in docs/benchmarks/argilla.md.
With the URL of an empty PostgreSQL database, the last COUNT is also measured there.
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from platformdirs import user_cache_path

from annotation.argilla.embedded_server import ServerProcess, install, start
from benchmarks.record import publish

BATCH = 250
REPEATS = 15
DIMENSIONS = 384
TEXT_WORDS = 120
LABELS = ("yes", "partly", "no")
WEBHOOK_RECORDS = 1000  # uploaded while a webhook listens
CROWDS = (4, 32)  # annotators who submit at once
CROWD_RECORDS = 5000  # uploaded while the first crowd submits
SUBMITS = 25  # of each annotator
SUBMISSION = {
    "status": "submitted",
    "values": {"tone": {"value": 4}, "faithful": {"value": "no"}, "decision": {"value": "yes"}},
}

VOCABULARY = [f"w{n:x}" for n in range(20_000)]
# Zipf's law: the n-th most frequent word is n times rarer than the first.
WEIGHTS = [1 / (n + 1) for n in range(len(VOCABULARY))]


@dataclass(frozen=True)
class Row:
    """The seconds of one operation: median by wall clock, mean CPU time, and the first call."""

    name: str
    median: float
    cpu: float
    first: float


@dataclass
class Bench:
    """A dataset on a running server, and the rows of its table."""

    server: ServerProcess
    client: httpx.Client
    dataset: str = ""
    workspace: str = ""
    questions: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request as the owner and return the parsed response."""
        response = self.client.request(method, path, json=body)
        response.raise_for_status()
        return response.json() if response.content else None

    def cpu_seconds(self) -> float:
        """The CPU time that the server has used so far."""
        stat = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> int:
        """The server's resident memory in MB."""
        pages = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20

    def measure(self, name: str, operation: Callable[[], Any]) -> None:
        """Time the first call of an operation, and then the median of more calls."""
        first = _time(operation)
        before = self.cpu_seconds()
        times = [_time(operation) for _ in range(REPEATS)]
        cpu = (self.cpu_seconds() - before) / REPEATS
        self.rows.append(Row(name, statistics.median(times), cpu, first))


def _time(operation: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    operation()
    return time.perf_counter() - begin


def prepare(bench: Bench) -> None:
    """Create and publish a dataset with the kinds of questions and metadata that Timbre uses."""
    bench.workspace = bench.request("POST", "/workspaces", {"name": "bench"})["id"]
    body = {"name": "bench", "workspace_id": bench.workspace}
    bench.dataset = bench.request("POST", "/datasets", body)["id"]
    labels = [{"value": label, "text": label} for label in LABELS]
    marks = {"type": "span", "field": "candidate", "allow_overlapping": True, "options": labels}
    parts = [
        ("fields", "passage", {"type": "text"}),
        ("fields", "candidate", {"type": "text"}),
        ("questions", "tone", {"type": "rating", "options": [{"value": n} for n in range(1, 6)]}),
        ("questions", "faithful", {"type": "label_selection", "options": labels}),
        ("questions", "decision", {"type": "label_selection", "options": labels}),
        ("questions", "improved", {"type": "text"}),
        ("questions", "marks", marks),
        ("metadata-properties", "uncertainty", {"type": "float"}),
        ("metadata-properties", "words", {"type": "integer"}),
        ("metadata-properties", "article", {"type": "terms"}),
    ]
    for kind, name, settings in parts:
        required = name not in {"improved", "marks"}
        part = {"name": name, "title": name, "required": required, "settings": settings}
        bench.request("POST", f"/datasets/{bench.dataset}/{kind}", part)
    vectors = {"name": "sense", "title": "sense", "dimensions": DIMENSIONS}
    bench.request("POST", f"/datasets/{bench.dataset}/vectors-settings", vectors)
    bench.request("PUT", f"/datasets/{bench.dataset}/publish")
    questions = bench.request("GET", f"/datasets/{bench.dataset}/questions")["items"]
    bench.questions = {question["name"]: question["id"] for question in questions}


def batches(bench: Bench, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Batches of records, each with two texts, metadata, three suggestions and a vector."""
    rng = random.Random(seed)  # noqa: S311 - the values aren't secrets

    def text() -> str:
        return " ".join(rng.choices(VOCABULARY, WEIGHTS, k=TEXT_WORDS // 2))

    def build(n: int) -> dict[str, Any]:
        values = {"tone": rng.randint(1, 5), "faithful": rng.choice(LABELS), "decision": "yes"}
        return {
            "external_id": f"{seed}-{n}",
            "fields": {"passage": text(), "candidate": text()},
            "metadata": {
                "uncertainty": rng.random(),
                "words": rng.randint(20, 200),
                "article": f"article {rng.randrange(2000)}",
            },
            "suggestions": [
                {"question_id": bench.questions[name], "value": value, "score": rng.random()}
                for name, value in values.items()
            ],
            "vectors": {"sense": [round(rng.gauss(0, 1), 6) for _ in range(DIMENSIONS)]},
        }

    for first in range(0, count, BATCH):
        yield {"items": [build(n) for n in range(first, min(first + BATCH, count))]}


@dataclass(frozen=True)
class UploadSpeed:
    """Records per second by wall clock, and per CPU second of the server."""

    wall: float
    cpu: float


def upload(bench: Bench, count: int, seed: int) -> UploadSpeed:
    """Upload records and measure the speed."""
    url = f"/datasets/{bench.dataset}/records/bulk"
    seconds, before = 0.0, bench.cpu_seconds()
    for batch in batches(bench, count, seed):
        content = httpx.Request("PUT", "http://x", json=batch).content
        begin = time.perf_counter()
        response = bench.client.put(
            url, content=content, headers={"content-type": "application/json"}
        )
        response.raise_for_status()
        seconds += time.perf_counter() - begin
    return UploadSpeed(count / seconds, count / (bench.cpu_seconds() - before))


def measure(bench: Bench) -> None:
    """Measure every operation except uploads with the current number of records."""
    annotator = add_annotator(bench)
    search = f"/datasets/{bench.dataset}/records/search?limit=50"

    def find(name: str, **body: Any) -> None:
        bench.measure(name, lambda: bench.request("POST", search, body))

    def metadata(name: str) -> dict[str, Any]:
        return {"entity": "metadata", "metadata_property": name}

    suggestion = {"entity": "suggestion", "question": "tone", "property": "value"}
    middle = {"type": "range", "scope": metadata("uncertainty"), "ge": 0.25, "le": 0.75}
    high = {"type": "terms", "scope": suggestion, "values": ["4", "5"]}
    by_words = [{"scope": metadata("words"), "order": "desc"}]
    score = {**suggestion, "property": "score"}
    find("list the first records")
    find("text: a common word", query={"text": {"q": VOCABULARY[20]}})
    find("text: two common words", query={"text": {"q": f"{VOCABULARY[5]} {VOCABULARY[9]}"}})
    find("text: a rare word", query={"text": {"q": VOCABULARY[9000]}})
    find("text: a phrase", query={"text": {"q": f'"{VOCABULARY[0]} {VOCABULARY[1]}"'}})
    find("text: a prefix", query={"text": {"q": "w1f*"}})
    find("text: one word without another", query={"text": {"q": "w14 -w1"}})
    find("filter metadata, sort by metadata", filters={"and": [middle]}, sort=by_words)
    find(
        "filter suggestions, sort by score",
        filters={"and": [high]},
        sort=[{"scope": score, "order": "asc"}],
    )
    find(
        "text, two filters and a sort",
        query={"text": {"q": VOCABULARY[20]}},
        filters={"and": [middle, high]},
        sort=by_words,
    )
    first = bench.request("POST", search, {})["items"]
    near = {"vector": {"name": "sense", "record_id": first[0]["record"]["id"]}}
    find("similar to a record", query=near)
    pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}}
    mine = {"filters": {"and": [{**pending, "values": ["pending"]}]}}
    queue = f"/me{search.removesuffix('50')}10"
    bench.measure("an annotator's queue", lambda: post(annotator, queue, mine))
    queued = iter(post(annotator, f"/me{search}", mine)["items"])

    def submit() -> None:
        post(annotator, f"/records/{next(queued)['record']['id']}/responses", SUBMISSION)

    bench.measure("submit a response", submit)

    def submit_and_fetch() -> None:
        submit()
        post(annotator, queue, mine)

    bench.measure("submit, and fetch the next records", submit_and_fetch)
    progress = f"/datasets/{bench.dataset}/progress"
    bench.measure("progress of the dataset", lambda: bench.request("GET", progress))


def add_annotator(bench: Bench) -> httpx.Client:
    """Create an annotator and log in."""
    name = f"annotator{len(bench.rows)}-{time.time_ns()}"
    login = {"username": name, "password": "a long throw-away password"}
    body = {**login, "first_name": name, "role": "annotator"}
    user = bench.request("POST", "/users", body)["id"]
    bench.request("POST", f"/workspaces/{bench.workspace}/users", {"user_id": user})
    token = bench.client.post("/token", data=login).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=bench.client.base_url, headers=headers, timeout=120)


def post(client: httpx.Client, path: str, body: Any) -> Any:
    """Send a request and return the parsed response."""
    response = client.post(path, json=body)
    response.raise_for_status()
    return response.json()


class WebhookListener(BaseHTTPRequestHandler):
    """A webhook endpoint that accepts every event."""

    def do_POST(self) -> None:
        """Accept an event."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the output clean."""


def measure_crowd(annotators: list[httpx.Client], dataset: str) -> str:
    """Let annotators submit responses without pauses, and describe how long each took."""
    search, waits = f"/me/datasets/{dataset}/records/search?limit={SUBMITS}", list[float]()

    def work(annotator: httpx.Client) -> None:
        for item in post(annotator, search, {})["items"]:
            path = f"/records/{item['record']['id']}/responses"
            waits.append(_time(partial(post, annotator, path, SUBMISSION)))

    begin = time.perf_counter()
    with ThreadPoolExecutor(len(annotators)) as pool:
        list(pool.map(work, annotators))
    rate = len(waits) / (time.perf_counter() - begin)
    median, slowest = statistics.median(waits) * 1000, max(waits) * 1000
    return f"{rate:.0f} responses per second, median {median:.0f} ms, slowest {slowest:.0f} ms"


def crowds(bench: Bench) -> Iterator[str]:
    """Measure annotators who submit at once, alone and during an upload."""
    yield "\nAnnotators who submit at once, without pauses:\n"
    for count in CROWDS:
        annotators = [add_annotator(bench) for _ in range(count)]
        yield f"- {count}: {measure_crowd(annotators, bench.dataset)}"
    annotators = [add_annotator(bench) for _ in range(CROWDS[0])]
    uploading = threading.Thread(target=upload, args=(bench, CROWD_RECORDS, -2))
    uploading.start()
    yield f"- {CROWDS[0]} during an upload: {measure_crowd(annotators, bench.dataset)}"
    uploading.join()


def upload_with_webhook(bench: Bench) -> UploadSpeed:
    """Measure an upload while a webhook receives an event for every record."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), WebhookListener)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{listener.server_port}/"
    hook = bench.request("POST", "/webhooks", {"url": url, "events": ["record.created"]})["id"]
    speed = upload(bench, WEBHOOK_RECORDS, seed=-1)
    bench.request("DELETE", f"/webhooks/{hook}")
    listener.shutdown()
    return speed


def run(server: ServerProcess, count: int) -> Iterator[str]:
    """Fill an empty server, measure it, and yield the lines of a table."""
    headers = {"X-Argilla-Api-Key": server.credentials.api_key}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=600) as client:
        bench = Bench(server, client)
        idle = bench.resident_mb()
        prepare(bench)
        speed = upload(bench, count, seed=count)
        measure(bench)
        resident = bench.resident_mb()
        together = list(crowds(bench))
        with_webhook = upload_with_webhook(bench)
    yield "| | median | CPU time | first call |\n|---|---|---|---|"
    for row in bench.rows:
        cells = (f"{seconds * 1000:.0f} ms" for seconds in (row.median, row.cpu, row.first))
        yield f"| {row.name} | {' | '.join(cells)} |"
    yield f"\nUpload: {speed.wall:.0f} records per second by wall clock, {speed.cpu:.0f} per CPU"
    yield f"second; with a webhook {with_webhook.wall:.0f} and {with_webhook.cpu:.0f}."
    yield from together
    yield f"\nMemory: {idle} MB resident at the start, {resident} MB at the end."


def restart(home: Path, python: Path, url: str | None) -> tuple[ServerProcess, str]:
    """Start a server on an existing home, and describe how long that took."""
    start(home, python=python, port=0, database_url=url).stop()
    begin = time.perf_counter()
    server = start(home, python=python, port=0, database_url=url)
    seconds = time.perf_counter() - begin
    cpu = Bench(server, httpx.Client()).cpu_seconds()
    return server, f"Start on an existing home: {seconds:.1f} s ({cpu:.1f} s of CPU time)."


def main() -> None:
    """Measure each count on a new server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("counts", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--postgresql", help="the URL of an empty database, for the last count")
    options = parser.parse_args()
    python = install(user_cache_path("timbre") / "argilla")
    cases = [(count, None) for count in options.counts]
    if options.postgresql:
        cases.append((options.counts[-1], options.postgresql))
    lines = [f"Load at the start: {os.getloadavg()[0]:.1f}."]
    for count, url in cases:
        with tempfile.TemporaryDirectory(prefix="timbre-bench-") as folder:
            server, start_time = restart(Path(folder) / "home", python, url)
            with server:
                title = f"## {count:,} records on {'PostgreSQL' if url else 'SQLite'}"
                lines += ["", title, "", start_time, "", *run(server, count)]
    publish("argilla", lines, should_record=True)


if __name__ == "__main__":
    main()
