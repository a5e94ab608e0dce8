"""How long annotators wait while one client sends the embedded Argilla its costliest requests.

    python -m benchmarks.argilla_hostile [COUNT] [--database-url URL]

Four annotators each submit a response every quarter of a second. Meanwhile an attacker sends one
kind of request over eight connections, as fast as the server answers. COUNT is the number of
records (default 10000). The page is docs/benchmarks/argilla-hostile.md.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from platformdirs import user_cache_path

from annotation.argilla.embedded_server import install, start
from benchmarks.argilla import (
    DIMENSIONS,
    SUBMISSION,
    VOCABULARY,
    Bench,
    add_annotator,
    post,
    prepare,
    upload,
)
from benchmarks.record import publish

PHASE_SECONDS = 10.0
THINK_SECONDS = 0.25
PROBE_SECONDS = 0.02
ANNOTATORS = 4
CONNECTIONS = 8
"""Of the attacker, at the same time."""
TIMEOUT = 600
FILTERS, FILTER_VALUES = 50, 250
"""Argilla's own limits."""


JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Target:
    """What attacks are about: a server, a dataset, a record, and an annotator's token."""

    url: str
    dataset: str
    record: str
    token: str


@dataclass(frozen=True)
class Attack:
    """A kind of request: what it is, its path, and its body."""

    name: str
    path: Callable[[Target], str]
    body: Callable[[], bytes]
    is_anonymous: bool = False
    content_type: str = "application/json"


def _search(query: str = "") -> Callable[[Target], str]:
    return lambda target: f"/me/datasets/{target.dataset}/records/search?{query}"


def _answer(target: Target) -> str:
    return f"/records/{target.record}/responses"


def _login(_target: Target) -> str:
    return "/token"


def _bulk(target: Target) -> str:
    return f"/datasets/{target.dataset}/records/bulk"


def _text(query: str) -> Callable[[], bytes]:
    return lambda: json.dumps({"query": {"text": {"q": query}}}).encode()


def _filters(scope: dict[str, str], value: Callable[[int], str]) -> Callable[[], bytes]:
    conditions = [
        {"type": "terms", "scope": scope, "values": [value(n + k) for n in range(FILTER_VALUES)]}
        for k in range(FILTERS)
    ]
    return lambda: json.dumps({"filters": {"and": conditions}}).encode()


def _sorts() -> bytes:
    scopes = [{"entity": "metadata", "metadata_property": n} for n in ("article", "uncertainty")]
    orders = [{"scope": s, "order": o} for s in scopes for o in ("asc", "desc") * 2]
    return json.dumps({"sort": orders}).encode()


def _vector() -> bytes:
    near = {"name": "sense", "value": [1.0] * DIMENSIONS, "order": "least_similar"}
    return json.dumps({"query": {"vector": near}}).encode()


def _drafts() -> bytes:
    scope = {"entity": "response", "property": "status"}
    drafts = {"type": "terms", "scope": scope, "values": ["draft"]}
    return json.dumps({"filters": {"and": [drafts]}}).encode()


def _draft(question: str, value: Any) -> bytes:
    return json.dumps({"status": "draft", "values": {question: {"value": value}}}).encode()


def _values(value: str, count: int) -> Callable[[], bytes]:
    body = f'{{"status":"draft","values":{{"tone":{{"value":[{",".join([value] * count)}]}}}}}}'
    return body.encode


PHRASES = " | ".join(f'"{a} {b}"' for a in VOCABULARY[:15] for b in VOCABULARY[:15])
WORDS = " | ".join(VOCABULARY[:500])
PREFIXES = " | ".join(f"w{digit}*" for digit in "0123456789abcdef")
ARTICLE = {"entity": "metadata", "metadata_property": "article"}
SCORE = {"entity": "suggestion", "question": "tone", "property": "score"}
ANSWER = {"entity": "response", "question": "tone"}
MARKS = [{"start": n % 100, "end": n % 100 + 1, "label": "no"} for n in range(1700)]
INCLUDE = "limit=100&include=suggestions&include=responses&include=vectors"

ATTACKS = [
    Attack("text: 500 common words", _search(), _text(WORDS)),
    Attack("text: 225 common phrases", _search(), _text(PHRASES)),
    Attack("text: 16 one-letter prefixes", _search(), _text(PREFIXES)),
    Attack("text: 9,000 open parentheses", _search(), _text("(" * 9000 + "a")),
    Attack("text: 1 MiB", _search(), _text("a* " * 300_000)),
    Attack("50 filters by metadata", _search(), _filters(ARTICLE, "article {}".format)),
    Attack("50 filters by score", _search(), _filters(SCORE, lambda n: str(n / 300))),
    Attack("50 filters by answer", _search(), _filters(ANSWER, str)),
    Attack("8 sorts", _search(), _sorts),
    Attack("similar to a vector", _search("limit=100"), _vector),
    Attack("page of 100 with vectors", _search(INCLUDE), lambda: b"{}"),
    Attack("page of 1,000 with vectors", _search(INCLUDE.replace("100", "1000")), lambda: b"{}"),
    Attack("page of 100 own drafts of 64 KiB", _search(INCLUDE), _drafts),
    Attack("draft: 64,000 letters", _answer, lambda: _draft("improved", "x" * 64_000)),
    Attack("draft: 1,700 marks", _answer, lambda: _draft("marks", MARKS)),
    Attack("answer: 24,000 numbers", _answer, _values("1", 24_000)),
    Attack("answer: 12,000 lists", _answer, _values("[]", 12_000)),
    Attack("answer: 12,000 objects", _answer, _values('{"value":1}', 8_000)),
    Attack("answer: 340,000 lists", _answer, _values("[]", 340_000)),
    Attack("answer: lists 100,000 deep", _answer, _values("[" * 100_000 + "]" * 100_000, 1)),
    Attack("answer: 4 MiB of lists", _answer, _values("[]", 1_390_000)),
    Attack("upload of 64 MiB, anonymous", _bulk, _values("[]", 22_000_000), is_anonymous=True),
    Attack(
        "wrong passwords",
        _login,
        lambda: b"username=eve&password=a+wrong+one",
        is_anonymous=True,
        content_type="application/x-www-form-urlencoded",
    ),
    Attack(
        "login form with 300,000 fields",
        _login,
        lambda: b"a=b&" * 300_000,
        is_anonymous=True,
        content_type="application/x-www-form-urlencoded",
    ),
]


@dataclass
class Waits:
    """The seconds that responses of annotators and requests for the version took in a phase."""

    submits: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)


@dataclass
class Crew:
    """Annotators who submit responses, and a client that requests the version, in threads."""

    annotators: list[httpx.Client]
    records: list[Iterator[str]]
    probe: httpx.Client
    waits: Waits = field(default_factory=Waits)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let everyone work for the duration of a block."""
        stop = threading.Event()
        pairs = zip(self.annotators, self.records, strict=True)
        threads = [threading.Thread(target=self._submit, args=[stop, *pair]) for pair in pairs]
        threads.append(threading.Thread(target=self._probe, args=[stop]))
        for thread in threads:
            thread.start()
        yield
        stop.set()
        for thread in threads:
            thread.join()

    def measure(self) -> Waits:
        """Return the waits of the next phase."""
        self.waits = waits = Waits()
        time.sleep(PHASE_SECONDS)
        return waits

    def _submit(
        self, stop: threading.Event, annotator: httpx.Client, records: Iterator[str]
    ) -> None:
        while not stop.wait(THINK_SECONDS):
            url, begin = f"/records/{next(records)}/responses", time.perf_counter()
            waits = self.waits
            post(annotator, url, SUBMISSION)
            waits.submits.append(time.perf_counter() - begin)

    def _probe(self, stop: threading.Event) -> None:
        while not stop.wait(PROBE_SECONDS):
            waits, begin = self.waits, time.perf_counter()
            self.probe.get("/version").raise_for_status()
            waits.probes.append(time.perf_counter() - begin)


@dataclass(frozen=True)
class Signals:
    """What the attacker's process and this one tell each other."""

    started: Any
    stop: Any
    answers: Any


def attack(target: Target, kind: str, signals: Signals) -> None:
    """Send one kind of request until told to stop, and report how often each status came back."""
    (chosen,) = (one for one in ATTACKS if one.name == kind)
    headers = {"Content-Type": chosen.content_type}
    if not chosen.is_anonymous:
        headers["Authorization"] = f"Bearer {target.token}"
    path, body = chosen.path(target), chosen.body()

    def send(client: httpx.Client) -> Counter[str]:
        answers: Counter[str] = Counter()
        while not signals.stop.is_set():
            try:
                status = str(client.post(path, content=body, headers=headers).status_code)
            except httpx.TransportError:
                status = "closed"  # The server doesn't read a body that is too large.
            if signals.started.is_set():
                answers[status] += 1
            signals.started.set()  # The first request may fill caches.
        return answers

    with (
        httpx.Client(base_url=target.url, timeout=TIMEOUT) as client,
        ThreadPoolExecutor(CONNECTIONS) as pool,
    ):
        signals.answers.put(sum(pool.map(send, [client] * CONNECTIONS), Counter()))


@dataclass(frozen=True)
class Phase:
    """What was measured while one kind of request was sent, and how often each status came back."""

    name: str
    waits: Waits
    answers: Counter[str] = field(default_factory=Counter)

    def row(self, normal: float) -> str:
        """Write it as a row of the table; `normal` is the median without an attack, in seconds."""
        median = statistics.median(self.waits.submits)
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        cells = [answers or "none", f"{median * 1000:.0f} ms", f"{median / normal:.1f}"]
        cells.append(f"{max(self.waits.probes) * 1000:.0f} ms")
        return f"| {self.name} | {' | '.join(cells)} |"


def measure(crew: Crew, target: Target) -> Iterator[Phase]:
    """Measure every attack, between two phases without one."""
    context = multiprocessing.get_context("spawn")
    with crew.working():
        crew.measure()  # Warm up.
        yield Phase("no attack, at the start", crew.measure())
        for one in ATTACKS:
            signals = Signals(context.Event(), context.Event(), context.Queue())
            attacker = context.Process(target=attack, args=(target, one.name, signals))
            attacker.start()
            signals.started.wait()
            waits = crew.measure()
            print(one.name, round(statistics.median(waits.submits)*1000), round(max(waits.probes)*1000), flush=True)
            signals.stop.set()
            yield Phase(one.name, waits, signals.answers.get())
            attacker.join()
        yield Phase("no attack, at the end", crew.measure())


def table(phases: list[Phase]) -> Iterator[str]:
    """Write the lines of a table."""
    yield "| requests | answers | submitting | × normal | longest wait for `/version` |"
    yield "|---|---|---|---|---|"
    normal = statistics.median([*phases[0].waits.submits, *phases[-1].waits.submits])
    for phase in phases:
        yield phase.row(normal)


def run(python: Path, home: Path, count: int, url: str | None) -> Iterator[str]:
    """Fill an empty server and measure it."""
    with (
        start(home, python=python, port=0, database_url=url) as server,
        httpx.Client(
            base_url=f"{server.url}/api/v1",
            headers={"X-Argilla-Api-Key": server.credentials.api_key},
            timeout=TIMEOUT,
        ) as owner,
    ):
        bench = Bench(server, owner)
        prepare(bench)
        upload(bench, count, seed=count)
        annotators = [add_annotator(bench) for _ in range(ANNOTATORS + 1)]
        search = f"/datasets/{bench.dataset}/records/search?limit=1000"
        found = [post(owner, f"{search}&offset={n}", {})["items"] for n in (0, 1000)]
        records = [item["record"]["id"] for items in found for item in items]
        eve = annotators.pop()
        for record in records[-100:]:
            path = f"/records/{record}/responses"
            draft = eve.post(path, content=_draft("marks", MARKS), headers=JSON)
            draft.raise_for_status()
        token = eve.headers["Authorization"].removeprefix("Bearer ")
        target = Target(str(owner.base_url), bench.dataset, records[0], token)
        orders = [iter(records) for _ in annotators]
        probe = httpx.Client(base_url=owner.base_url, headers=owner.headers, timeout=TIMEOUT)
        crew = Crew(annotators, orders, probe)
        yield from table(list(measure(crew, target)))


def main() -> None:
    """Measure a new server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--database-url", help="an empty PostgreSQL database")
    options = parser.parse_args()
    python = install(user_cache_path("timbre") / "argilla")
    lines = [f"{options.count:,} records, load at the start {os.getloadavg()[0]:.1f}.", ""]
    with tempfile.TemporaryDirectory(prefix="timbre-bench-") as folder:
        lines += run(python, Path(folder) / "home", options.count, options.database_url)
    publish("argilla-hostile", lines, should_record=not options.database_url)


if __name__ == "__main__":
    main()
