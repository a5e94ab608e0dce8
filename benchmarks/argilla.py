"""How fast the embedded Argilla answers with many records, and how its cost grows.

    python -m benchmarks.argilla [COUNT ...] [--database-url URL]

COUNTs are 1000 10000 100000 unless given. Medians over HTTP, and the server's own processor time
beside them, which other work on the machine disturbs less; recorded in docs/benchmarks/argilla.md.
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from platformdirs import user_cache_path

from annotation.embedded_server import ServerProcess, install, start
from benchmarks.record import record

BATCH = 250
REPEATS = 15
DIMENSIONS = 384
TEXT_WORDS = 120
LABELS = ("yes", "partly", "no")
HOOKED = 1000
"""Records uploaded with a webhook that listens."""

VOCABULARY = [f"w{n:x}" for n in range(20_000)]
# As words are: the n-th most frequent is n times rarer than the first (Zipf).
WEIGHTS = [1 / (n + 1) for n in range(len(VOCABULARY))]


@dataclass
class Bench:
    """A dataset on a running server, and what was measured there."""

    server: ServerProcess
    client: httpx.Client
    dataset: str = ""
    workspace: str = ""
    questions: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, float, float, float]] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the owner."""
        response = self.client.request(method, path, json=body)
        response.raise_for_status()
        return response.json() if response.content else None

    def processor(self) -> float:
        """The seconds of processor time that the server has used so far."""
        stat = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """The megabytes of memory that the server holds."""
        pages = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20

    def measure(self, what: str, once: Callable[[], Any]) -> None:
        """Time the first call apart, then take the median of some more."""
        first = _timed(once)
        before = self.processor()
        times = [_timed(once) for _ in range(REPEATS)]
        processor = (self.processor() - before) / REPEATS
        self.rows.append((what, statistics.median(times), processor, first))


def _timed(once: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    once()
    return time.perf_counter() - begin


def prepare(bench: Bench) -> None:
    """Make and publish a dataset with the kinds of questions and metadata that we use."""
    bench.workspace = bench.ask("POST", "/workspaces", {"name": "bench"})["id"]
    body = {"name": "bench", "workspace_id": bench.workspace}
    bench.dataset = bench.ask("POST", "/datasets", body)["id"]
    labels = [{"value": label, "text": label} for label in LABELS]
    parts = [
        ("fields", "passage", {"type": "text"}),
        ("fields", "candidate", {"type": "text"}),
        ("questions", "tone", {"type": "rating", "options": [{"value": n} for n in range(1, 6)]}),
        ("questions", "faithful", {"type": "label_selection", "options": labels}),
        ("questions", "decision", {"type": "label_selection", "options": labels}),
        ("metadata-properties", "uncertainty", {"type": "float"}),
        ("metadata-properties", "words", {"type": "integer"}),
        ("metadata-properties", "article", {"type": "terms"}),
    ]
    for kind, name, settings in parts:
        asked = {"name": name, "title": name, "required": True, "settings": settings}
        bench.ask("POST", f"/datasets/{bench.dataset}/{kind}", asked)
    asked = {"name": "sense", "title": "sense", "dimensions": DIMENSIONS}
    bench.ask("POST", f"/datasets/{bench.dataset}/vectors-settings", asked)
    bench.ask("PUT", f"/datasets/{bench.dataset}/publish")
    found = bench.ask("GET", f"/datasets/{bench.dataset}/questions")["items"]
    bench.questions = {one["name"]: one["id"] for one in found}


def batches(bench: Bench, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Records with two texts, metadata, three suggestions and a vector each."""
    draw = random.Random(seed)  # noqa: S311 (no secret)

    def text() -> str:
        return " ".join(draw.choices(VOCABULARY, WEIGHTS, k=TEXT_WORDS // 2))

    def record(n: int) -> dict[str, Any]:
        values = {"tone": draw.randint(1, 5), "faithful": draw.choice(LABELS), "decision": "yes"}
        return {
            "external_id": f"{seed}-{n}",
            "fields": {"passage": text(), "candidate": text()},
            "metadata": {
                "uncertainty": draw.random(),
                "words": draw.randint(20, 200),
                "article": f"article {draw.randrange(2000)}",
            },
            "suggestions": [
                {"question_id": bench.questions[name], "value": value, "score": draw.random()}
                for name, value in values.items()
            ],
            "vectors": {"sense": [round(draw.gauss(0, 1), 6) for _ in range(DIMENSIONS)]},
        }

    for begin in range(0, count, BATCH):
        yield {"items": [record(n) for n in range(begin, min(begin + BATCH, count))]}


def upload(bench: Bench, count: int, seed: int) -> tuple[float, float]:
    """Upload records; returns how many a second by the clock, and by the server's processor."""
    url = f"/datasets/{bench.dataset}/records/bulk"
    seconds, before = 0.0, bench.processor()
    for batch in batches(bench, count, seed):
        content = httpx.Request("PUT", "http://x", json=batch).content
        begin = time.perf_counter()
        answer = bench.client.put(
            url, content=content, headers={"content-type": "application/json"}
        )
        answer.raise_for_status()
        seconds += time.perf_counter() - begin
    return count / seconds, count / (bench.processor() - before)


def measure(bench: Bench) -> None:
    """Everything but uploads, at the number of records there are."""
    annotator = _annotator(bench)
    search = f"/datasets/{bench.dataset}/records/search?limit=50"

    def find(what: str, **body: Any) -> None:
        bench.measure(what, lambda: bench.ask("POST", search, body))

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
    find("text: one word and not another", query={"text": {"q": "w14 -w1"}})
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
    first = bench.ask("POST", search, {})["items"]
    near = {"vector": {"name": "sense", "record_id": first[0]["record"]["id"]}}
    find("similar to a record", query=near)
    pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}}
    mine = {"filters": {"and": [{**pending, "values": ["pending"]}]}}
    queue = f"/me{search.removesuffix('50')}10"
    bench.measure("an annotator's queue", lambda: _post(annotator, queue, mine))
    left = iter(_post(annotator, f"/me{search}", mine)["items"])

    def submit() -> None:
        values = {"tone": {"value": 4}, "faithful": {"value": "no"}, "decision": {"value": "yes"}}
        url = f"/records/{next(left)['record']['id']}/responses"
        _post(annotator, url, {"values": values, "status": "submitted"})

    bench.measure("submit a response", submit)

    def submit_and_go_on() -> None:
        submit()
        _post(annotator, queue, mine)

    bench.measure("submit, and fetch what is next", submit_and_go_on)
    progress = f"/datasets/{bench.dataset}/progress"
    bench.measure("progress of the dataset", lambda: bench.ask("GET", progress))


def _annotator(bench: Bench) -> httpx.Client:
    name = f"annotator{len(bench.rows)}-{time.time_ns()}"
    login = {"username": name, "password": "a password of no account"}
    body = {**login, "first_name": name, "role": "annotator"}
    user = bench.ask("POST", "/users", body)["id"]
    bench.ask("POST", f"/workspaces/{bench.workspace}/users", {"user_id": user})
    token = bench.client.post("/token", data=login).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=bench.client.base_url, headers=headers, timeout=120)


def _post(client: httpx.Client, path: str, body: Any) -> Any:
    response = client.post(path, json=body)
    response.raise_for_status()
    return response.json()


class Heard(BaseHTTPRequestHandler):
    """A webhook's end that says yes to everything."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def with_webhook(bench: Bench) -> tuple[float, float]:
    """The speed of an upload while a webhook is told of every record."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{listener.server_port}/"
    hook = bench.ask("POST", "/webhooks", {"url": url, "events": ["record.created"]})["id"]
    found = upload(bench, HOOKED, seed=-1)
    bench.ask("DELETE", f"/webhooks/{hook}")
    listener.shutdown()
    return found


def run(server: ServerProcess, count: int) -> Iterator[str]:
    """Fill an empty server, measure, and give the lines of a table."""
    headers = {"X-Argilla-Api-Key": server.credentials.api_key}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=600) as client:
        bench = Bench(server, client)
        idle = bench.resident()
        prepare(bench)
        clock, processor = upload(bench, count, seed=count)
        measure(bench)
        resident = bench.resident()
        hooked_clock, hooked_processor = with_webhook(bench)
    yield "| | median | processor | first call |\n|---|---|---|---|"
    for what, median, used, first in bench.rows:
        yield f"| {what} | {median * 1000:.0f} ms | {used * 1000:.0f} ms | {first * 1000:.0f} ms |"
    yield f"\nUpload: {clock:.0f} records a second by the clock, {processor:.0f} a second of"
    yield f"processor time; with a webhook {hooked_clock:.0f} and {hooked_processor:.0f}."
    yield f"Memory: {idle} MB resident at the start, {resident} MB after all of this."


def starting(home: Path, python: Path, url: str | None) -> tuple[ServerProcess, str]:
    """A server on a home that was served before, and how long it took to answer."""
    start(home, python=python, port=0, database_url=url).stop()
    begin = time.perf_counter()
    server = start(home, python=python, port=0, database_url=url)
    clock = time.perf_counter() - begin
    processor = Bench(server, httpx.Client()).processor()
    return server, f"Start on an existing home: {clock:.1f} s ({processor:.1f} s of processor)."


def main() -> None:
    """Measure at each count, on a server of its own each time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("counts", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--database-url", help="an empty PostgreSQL database, for one count")
    asked = parser.parse_args()
    python = install(user_cache_path("timbre") / "argilla")
    lines = [f"Load at the start: {os.getloadavg()[0]:.1f}."]
    for count in asked.counts:
        with tempfile.TemporaryDirectory(prefix="timbre-bench-") as folder:
            server, said = starting(Path(folder) / "home", python, asked.database_url)
            with server:
                lines += ["", f"## {count:,} records", "", said, "", *run(server, count)]
        if asked.database_url:
            print("\n".join(lines))
        else:
            record("argilla", lines)


if __name__ == "__main__":
    main()
