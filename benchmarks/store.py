"""How long the store takes for 100,000 records: adding, streaming, freezing, comparing.

    python -m benchmarks.store [--count 100000] [--url URL]

URL names an empty database; without it a new SQLite file in a temporary folder is measured and
recorded in docs/benchmarks/store.md.
"""

import argparse
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.record import record
from db.diff import diff
from db.records import (
    Answer,
    Article,
    Candidate,
    CandidateKind,
    Decision,
    Message,
    Passage,
    Provenance,
    Record,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Verdict,
    digest,
)
from db.store import Store
from db.verify import verify
from db.versions import Approved, FreezePlan, freeze, version_examples

T = TypeVar("T")
PASSAGES_AN_ARTICLE = 20
WORDS = "the keeper lit a lamp above grey water while ships passed slowly toward the harbour"
MADE = Provenance(("question.v1", "rewrite.v1"), "phrasebook", '{"temperature":0.7}', 1)


@dataclass
class Timed:
    """A line of the table: what was done, in how many seconds, and the bound it must keep."""

    what: str
    seconds: float
    bound: float | None = None


class Watch:
    """Times what it is given to do, one line of the table each."""

    def __init__(self) -> None:
        """Start with no lines."""
        self.lines: list[Timed] = []

    def time(self, what: str, work: Callable[[], T], bound: float | None = None) -> T:
        """Do something and note how long it took."""
        begun = time.perf_counter()
        done = work()
        self.lines.append(Timed(what, time.perf_counter() - begun, bound))
        return done


def prose(number: int, words: int) -> str:
    """Words that differ from record to record: a candidate has about as many as a real one."""
    some = WORDS.split()
    turn = number % len(some)
    return " ".join([digest(str(number))[:12], *(some[turn:] + some) * (words // 15 + 1)][:words])


def sources(count: int) -> Iterator[Record]:
    """Articles of twenty passages of 90 words."""
    for number in range(0, count, PASSAGES_AN_ARTICLE):
        article = source(number)
        yield article
        for position in range(PASSAGES_AN_ARTICLE):
            yield passage(article, number + position)


def source(number: int) -> Article:
    """The article that a candidate's number falls into."""
    page = number // PASSAGES_AN_ARTICLE
    return Article(
        url=f"https://wiki.example/{page}", revision="1", digest=digest(str(page)), title=str(page)
    )


def passage(article: Article, number: int) -> Passage:
    """A passage of 90 words."""
    return Passage(
        article=article.id,
        section="History",
        position=number % PASSAGES_AN_ARTICLE,
        text=prose(number, 90),
    )


def candidates(count: int) -> Iterator[Candidate]:
    """Conversations of 90 words of passage, and answer and reference of 60 words each."""
    for number in range(count):
        part = passage(source(number), number)
        question = f"What happened to {number}?"
        yield Candidate(
            campaign="benchmark",
            kind=CandidateKind.CONVERSATION,
            provenance=MADE,
            messages=(
                Message(Role.USER, f"{part.text}\n\n{question}"),
                Message(Role.ASSISTANT, prose(number + 1, 60)),
            ),
            question=question,
            reference=prose(number + 2, 60),
            passage=part.id,
        )


def reviews(subjects: list[str], reviewer: str) -> Iterator[Review]:
    """An approval of every candidate."""
    for subject in subjects:
        yield Review(
            subject=subject,
            reviewer=reviewer,
            reviewer_kind=ReviewerKind.RULE,
            status=ReviewStatus.SUBMITTED,
            answers=(Answer("decision", "approve"), Answer("tone", 4)),
            dataset="benchmark",
        )


def approved(store: Store, subjects: list[str], edited: int = 0) -> list[Approved]:
    """The stored candidates with stored verdicts, some of them with an edit."""
    verdicts = [
        Verdict(
            subject=subject,
            decision=Decision.APPROVE,
            rule="majority",
            reviews=(),
            text=prose(number, 50) if number < edited else None,
        )
        for number, subject in enumerate(subjects)
    ]
    store.add(verdicts)
    articles = {p.id: p.article for p in store.stream(Passage)}
    by_subject = {verdict.subject: verdict for verdict in verdicts}
    return [(c, by_subject[c.id], articles[c.passage or ""]) for c in store.stream(Candidate)]


def peak_of_streaming(store: Store) -> float:
    """MiB that Python holds at most while all candidates go by."""
    tracemalloc.start()
    for _ in store.stream(Candidate):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def adding(store: Store, count: int, watch: Watch) -> list[str]:
    """Add everything, twice, and stream it; returns the candidates' ids."""
    watch.time("add articles and passages", lambda: store.add(sources(count)))
    made = list(candidates(count))
    watch.time("name the candidates (their SHA-256)", partial(named, made))
    watch.time("add the named candidates", partial(store.add, made))
    add = watch.lines[-1].seconds + watch.lines[-2].seconds
    watch.lines.append(Timed("**add candidates, in all**", add, 30))
    watch.time("add them again (nothing new)", partial(store.add, made))
    watch.time("stream the candidates", lambda: sum(1 for _ in store.stream(Candidate)))
    return named(made)


def named(made: list[Candidate]) -> list[str]:
    """The candidates' ids; a record works its id out once."""
    return [candidate.id for candidate in made]


def pulling(store: Store, subjects: list[str], watch: Watch) -> None:
    """Pull a review of every candidate, twice."""
    pulled = list(reviews(subjects, "first"))
    for at, what in enumerate(("pull as many reviews", "pull them again (nothing new)")):
        watch.time(what, partial(store.reconcile_reviews, "benchmark", pulled, str(at)))


def freezing(store: Store, subjects: list[str], watch: Watch) -> None:
    """Freeze, compare and verify versions of all candidates."""
    plan = FreezePlan("first", "benchmark", "salt")
    given = approved(store, subjects)
    first = watch.time("**freeze**", lambda: freeze(store, plan, given), 10)
    watch.time("freeze the same again (nothing new)", lambda: freeze(store, plan, given))
    edited = approved(store, subjects, edited=len(subjects) // 10)
    second = watch.time("freeze with a tenth edited", lambda: freeze(store, plan, edited), 10)
    third = freeze(store, FreezePlan("third", "benchmark", "pepper"), edited)
    watch.time("**diff**, a tenth edited", lambda: diff(store, first, second), 5)
    watch.time("**diff**, half on other sides", lambda: diff(store, first, third), 5)
    watch.time(
        "read a version, every hash anew", lambda: sum(1 for _ in version_examples(store, first))
    )
    if watch.time("verify a version", lambda: verify(store, first)):
        raise RuntimeError("found a version that is not as it was frozen")


def measure(store: Store, count: int) -> tuple[list[Timed], float]:
    """Do everything once and say how long each took, and streaming's peak memory."""
    watch = Watch()
    subjects = adding(store, count, watch)
    pulling(store, subjects, watch)
    freezing(store, subjects, watch)
    return watch.lines, peak_of_streaming(store)


def report(lines: list[Timed], peak: float, title: str) -> Iterator[str]:
    """The table as Markdown."""
    yield title
    yield ""
    yield "| what | seconds | bound |"
    yield "| --- | ---: | ---: |"
    for line in lines:
        yield f"| {line.what} | {line.seconds:.1f} | {'' if line.bound is None else line.bound} |"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield ""
    yield f"Streaming holds {peak:.1f} MiB at most; the whole run {most:.0f} MiB."


def main() -> None:
    """Measure in an empty database and record the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'store.db'}"
        Store.migrate(url)
        with Store.open(url) as store:
            lines, peak = measure(store, asked.count)
            title = f"{asked.count:,} candidates on {store.engine.dialect.name}."
    table = list(report(lines, peak, title))
    if asked.url:
        print("\n".join(table))
    else:
        record("store", table)


if __name__ == "__main__":
    main()
