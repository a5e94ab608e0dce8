"""How long annotators wait while one client sends the embedded Argilla its costliest requests.

    python -m benchmarks.argilla_hostile [COUNT] [--database-url URL]

Four annotators each submit a response every quarter of a second. Meanwhile an attacker sends one
kind of request over four connections, as fast as the server answers. COUNT is the number of
records (default 10000). The page is docs/benchmarks/argilla-hostile.md.
"""

import argparse
import json
import multiprocessing
import os
import random
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

from annotation.argilla.embedded_server import LOG_FILE, install, start
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

PHASE_SECONDS = 8.0
THINK_SECONDS = 0.25
PROBE_SECONDS = 0.02
ANNOTATORS = 4
CONNECTIONS = 4
"""Of the attacker, at the same time."""
TIMEOUT = 600
FILTERS, FILTER_VALUES = 50, 250
"""Argilla's own limits."""


LONG_STEP = "kept others waiting for"
"""What the server logs about a request."""


@dataclass(frozen=True)
class Target:
    """What attacks are about: a server, a dataset, records, and an annotator's token."""

    url: str
    dataset: str
    records: list[str]
    token: str


@dataclass(frozen=True)
class Attack:
    """A kind of request: what it is, its path, and its body; a GET if that's empty."""

    name: str
    path: Callable[[Target], str]
    body: Callable[[Target], bytes]
    is_anonymous: bool = False
    content_type: str = "application/json"


def _search(query: str = "") -> Callable[[Target], str]:
    return lambda target: f"/me/datasets/{target.dataset}/records/search?{query}"


def _answer(target: Target) -> str:
    return f"/records/{target.records[0]}/responses"


def _at(path: str) -> Callable[[Target], str]:
    return lambda target: path.format(dataset=target.dataset)


def _script(target: Target) -> str:
    return f"{target.url.removesuffix('api/v1/')}_nuxt/89d5ba1.js"


def _json(content: Any) -> Callable[[Target], bytes]:
    return lambda _: json.dumps(content).encode()


def _text(query: str) -> Callable[[Target], bytes]:
    return _json({"query": {"text": {"q": query}}})


def _filters(scope: dict[str, str], value: Callable[[int], str]) -> Callable[[Target], bytes]:
    conditions = [
        {"type": "terms", "scope": scope, "values": [value(n + k) for n in range(FILTER_VALUES)]}
        for k in range(FILTERS)
    ]
    return _json({"filters": {"and": conditions}})


def _draft(question: str, value: Any) -> dict[str, Any]:
    return {"status": "draft", "values": {question: {"value": value}}}


def _several(count: int, answer: dict[str, Any]) -> Callable[[Target], bytes]:
    return lambda target: _json(
        {"items": [answer | {"record_id": record} for record in target.records[-count:]]}
    )(target)


def _values(value: str, count: int) -> Callable[[Target], bytes]:
    body = f'{{"status":"draft","values":{{"tone":{{"value":[{",".join([value] * count)}]}}}}}}'
    return lambda _: body.encode()


PHRASES = " | ".join(f'"{a} {b}"' for a in VOCABULARY[:15] for b in VOCABULARY[:15])
WORDS = " | ".join(VOCABULARY[:500])
PREFIXES = " | ".join(f"w{digit}*" for digit in "0123456789abcdef")
ARTICLE = {"entity": "metadata", "metadata_property": "article"}
SCORE = {"entity": "suggestion", "question": "tone", "property": "score"}
ANSWER = {"entity": "response", "question": "tone"}
ORDERS = [
    {"scope": {"entity": "metadata", "metadata_property": name}, "order": order}
    for name in ("article", "uncertainty")
    for order in ("asc", "desc") * 2
]
VECTOR = {"name": "sense", "value": [1.0] * DIMENSIONS, "order": "least_similar"}
STATUS = {"entity": "response", "property": "status"}
MARKS = [{"start": n % 100, "end": n % 100 + 1, "label": "no"} for n in range(490)]
LETTERS = _draft("improved", "x" * 32_000)
DRAFTS = {"filters": {"and": [{"type": "terms", "scope": STATUS, "values": ["draft"]}]}}
FORM = "application/x-www-form-urlencoded"
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
    Attack("8 sorts", _search(), _json({"sort": ORDERS})),
    Attack("similar to a vector", _search("limit=100"), _json({"query": {"vector": VECTOR}})),
    Attack("page of 100 with vectors", _search(INCLUDE), _json({})),
    Attack("page of 1,000 with vectors", _search(INCLUDE.replace("100", "1000")), _json({})),
    Attack("page of 100 own drafts, 490 marks each", _search(INCLUDE), _json(DRAFTS)),
    Attack("100 answers", _at("/me/responses/bulk"), _several(100, SUBMISSION)),
    Attack("30 drafts of 32,000 letters", _at("/me/responses/bulk"), _several(30, LETTERS)),
    Attack("answer: 24,000 numbers", _answer, _values("1", 24_000)),
    Attack("answer: 12,000 lists", _answer, _values("[]", 12_000)),
    Attack("answer: 8,000 objects", _answer, _values('{"value":1}', 8_000)),
    Attack("answer: 340,000 lists", _answer, _values("[]", 340_000)),
    Attack("answer: lists 100,000 deep", _answer, _values("[" * 100_000 + "]" * 100_000, 1)),
    Attack("answer: 4 MiB of lists", _answer, _values("[]", 1_390_000)),
    Attack("no credentials: invented keys", _at("/me"), lambda _: b"", is_anonymous=True),
    Attack("no credentials: 16 KiB of lists", _answer, _values("[]", 5400), is_anonymous=True),
    Attack(
        "no credentials: upload of 64 MiB",
        _at("/datasets/{dataset}/records/bulk"),
        _values("[]", 22_000_000),
        is_anonymous=True,
    ),
    Attack("no credentials: a script of the page", _script, lambda _: b"", is_anonymous=True),
    Attack(
        "wrong passwords",
        _at("/token"),
        lambda _: b"username=eve&password=a+wrong+one",
        is_anonymous=True,
        content_type=FORM,
    ),
    Attack(
        "login form with 300,000 fields",
        _at("/token"),
        lambda _: b"a=b&" * 300_000,
        is_anonymous=True,
        content_type=FORM,
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
    path, body = chosen.path(target), chosen.body(target)
    method = "POST" if body else "GET"
    headers = {"Content-Type": chosen.content_type, "Authorization": f"Bearer {target.token}"}

    def send(client: httpx.Client) -> Counter[str]:
        answers: Counter[str] = Counter()
        while not signals.stop.is_set():
            if chosen.is_anonymous:
                headers["Authorization"] = f"Bearer {random.random()}"  # noqa: S311 (no secret)
            try:
                answer = client.request(method, path, content=body, headers=headers)
                status = str(answer.status_code)
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
    """What was measured while one kind of request was sent, and how often each status came back.

    `long_steps` is how often a step of a request took longer than 200 ms of CPU time.
    """

    name: str
    waits: Waits
    answers: Counter[str] = field(default_factory=Counter)
    long_steps: int = 0

    def row(self, normal: float) -> str:
        """Write it as a row of the table; `normal` is the median without an attack, in seconds."""
        median = statistics.median(self.waits.submits)
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.answers.items()))
        cells = [answers or "none", f"{median * 1000:.0f} ms", f"{median / normal:.1f}"]
        cells += [f"{max(self.waits.probes) * 1000:.0f} ms", str(self.long_steps)]
        return f"| {self.name} | {' | '.join(cells)} |"


def measure(crew: Crew, target: Target, log: Path) -> Iterator[Phase]:
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
            before = log.read_text().count(LONG_STEP)
            waits = crew.measure()
            signals.stop.set()
            long_steps = log.read_text().count(LONG_STEP) - before
            yield Phase(one.name, waits, signals.answers.get(), long_steps)
            attacker.join()
        yield Phase("no attack, at the end", crew.measure())


def table(phases: list[Phase]) -> Iterator[str]:
    """Write the lines of a table."""
    columns = ["requests", "answers", "submitting", "× normal", "longest wait", "steps over 200 ms"]
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|---|---|---|---|"
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
        token = eve.headers["Authorization"].removeprefix("Bearer ")
        target = Target(str(owner.base_url), bench.dataset, records, token)
        for record in records[-100:]:
            post(eve, f"/records/{record}/responses", _draft("marks", MARKS))
        orders = [iter(records) for _ in annotators]
        probe = httpx.Client(base_url=owner.base_url, headers=owner.headers, timeout=TIMEOUT)
        crew = Crew(annotators, orders, probe)
        yield from table(list(measure(crew, target, home / LOG_FILE)))


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
