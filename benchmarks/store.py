"""The time to add, stream, freeze and compare 100,000 candidates in the store.

    python -m benchmarks.store [--count 100000] [--url URL]

URL must be an empty database. Without it, the benchmark measures a new SQLite file and records the
table in docs/benchmarks/store.md.
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

from annotation.pairs.candidate_pairs import ApprovedCandidate, candidate_pairs
from annotation.pairs.screening import screen_pairs
from benchmarks.record import publish
from db.records import (
    Answer,
    Article,
    Candidate,
    CandidateKind,
    Decision,
    Message,
    Pair,
    PairSource,
    Passage,
    Provenance,
    Record,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Verdict,
    Version,
    digest,
)
from db.reviews import reconcile_reviews
from db.store import Store
from db.versions.contents import version_examples
from db.versions.diff import diff
from db.versions.freeze import Approval, FreezePlan, build_examples, freeze
from db.versions.verify import verify

T = TypeVar("T")
PASSAGES_PER_ARTICLE = 20
WORDS = "the keeper lit a lamp above grey water while ships passed slowly toward the harbour"
PROVENANCE = Provenance(("question.v1", "rewrite.v1"), "phrasebook", '{"temperature":0.7}', 1)


@dataclass(frozen=True)
class Row:
    """A row of the table: a step, its seconds and the limit for them, if it has one."""

    step: str
    seconds: float
    limit: float | None = None


class StepTimer:
    """A timer that adds a row to the table for each step."""

    def __init__(self) -> None:
        """Start without rows."""
        self.rows: list[Row] = []

    def time(self, step: str, work: Callable[[], T], limit: float | None = None) -> T:
        """Do a step and record its duration."""
        start = time.perf_counter()
        result = work()
        self.rows.append(Row(step, time.perf_counter() - start, limit))
        return result


def prose(number: int, words: int) -> str:
    """A text that differs from record to record, about as long as a real one."""
    vocabulary = WORDS.split()
    offset = number % len(vocabulary)
    text = (vocabulary[offset:] + vocabulary) * (words // 15 + 1)
    return " ".join([digest(str(number))[:12], *text][:words])


def build_articles(count: int) -> Iterator[Record]:
    """Articles, each followed by its passages of 90 words."""
    for number in range(0, count, PASSAGES_PER_ARTICLE):
        article = build_article(number)
        yield article
        for position in range(PASSAGES_PER_ARTICLE):
            yield build_passage(article, number + position)


def build_article(number: int) -> Article:
    """The article of a candidate's number."""
    page = number // PASSAGES_PER_ARTICLE
    return Article(
        url=f"https://wiki.example/{page}", revision="1", digest=digest(str(page)), title=str(page)
    )


def build_passage(article: Article, number: int) -> Passage:
    """A passage of 90 words."""
    return Passage(
        article=article.id,
        section="History",
        position=number % PASSAGES_PER_ARTICLE,
        text=prose(number, 90),
    )


def build_candidates(count: int) -> Iterator[Candidate]:
    """Conversations with a passage of 90 words, and an answer and a reference of 60 words."""
    for number in range(count):
        passage = build_passage(build_article(number), number)
        question = f"What happened to {number}?"
        yield Candidate(
            campaign="benchmark",
            kind=CandidateKind.CONVERSATION,
            provenance=PROVENANCE,
            messages=(
                Message(Role.USER, f"{passage.text}\n\n{question}"),
                Message(Role.ASSISTANT, prose(number + 1, 60)),
            ),
            question=question,
            reference=prose(number + 2, 60),
            passage=passage.id,
        )


def build_reviews(subjects: list[str], reviewer: str) -> Iterator[Review]:
    """An approval of each candidate."""
    for subject in subjects:
        yield Review(
            subject=subject,
            reviewer=reviewer,
            reviewer_kind=ReviewerKind.RULE,
            status=ReviewStatus.SUBMITTED,
            answers=(Answer("decision", "approve"), Answer("tone", 4)),
            dataset="benchmark",
        )


def approvals(
    store: Store, subjects: list[str], edited: int = 0, rule: str = "majority"
) -> list[Approval]:
    """Store a verdict for each candidate, and return them together; the first ones are edited."""
    verdicts = [
        Verdict(
            subject=subject,
            decision=Decision.APPROVE,
            rule=rule,
            reviews=(),
            text=prose(number, 50) if number < edited else None,
        )
        for number, subject in enumerate(subjects)
    ]
    store.add(verdicts)
    articles = {p.id: p.article for p in store.stream(Passage)}
    by_subject = {verdict.subject: verdict for verdict in verdicts}
    return [
        Approval(c, by_subject[c.id], articles[c.passage or ""]) for c in store.stream(Candidate)
    ]


def freeze_with_pairs(store: Store, approved: list[Approval]) -> Version:
    """Freeze all candidates with a pair of each answer and the plain answer before its rewrite."""
    plan = FreezePlan("with pairs", "benchmark", "salt")
    pages = {article.id: article.url for article in store.stream(Article)}
    examples = build_examples(approved, plan, pages)
    items = [
        ApprovedCandidate(approval.candidate, approval.verdict, (), example)
        for approval, example in zip(approved, examples, strict=True)
    ]
    created = candidate_pairs(items, [], {PairSource.REWRITE})
    pairs = (each for each in created if isinstance(each, Pair))
    screened = screen_pairs(pairs, "benchmark", lambda _: "")
    return freeze(store, plan, approved, [each for each in screened if isinstance(each, Pair)])


def streaming_peak(store: Store) -> float:
    """Python's peak memory in MiB while it streams all candidates."""
    tracemalloc.start()
    for _ in store.stream(Candidate):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def add(store: Store, count: int, timer: StepTimer) -> list[str]:
    """Add everything twice and stream it. Returns the candidates' ids."""
    timer.time("add articles and passages", lambda: store.add(build_articles(count)))
    candidates = list(build_candidates(count))
    timer.time("compute the candidates' ids (SHA-256)", partial(ids, candidates))
    timer.time("add the candidates", partial(store.add, candidates))
    seconds = timer.rows[-1].seconds + timer.rows[-2].seconds
    timer.rows.append(Row("**add candidates, total**", seconds, 30))
    timer.time("add them again (nothing new)", partial(store.add, candidates))
    timer.time("stream the candidates", lambda: sum(1 for _ in store.stream(Candidate)))
    return ids(candidates)


def ids(candidates: list[Candidate]) -> list[str]:
    """The candidates' ids. A record computes its id once."""
    return [candidate.id for candidate in candidates]


def pull(store: Store, subjects: list[str], timer: StepTimer) -> None:
    """Pull a review of each candidate, twice."""
    reviews = list(build_reviews(subjects, "first"))
    for index, step in enumerate(("pull as many reviews", "pull them again (nothing new)")):
        timer.time(step, partial(reconcile_reviews, store, "benchmark", reviews, str(index)))


def freeze_versions(store: Store, subjects: list[str], timer: StepTimer) -> None:
    """Freeze, compare and verify versions of all candidates."""
    plan = FreezePlan("first", "benchmark", "salt")
    approved = approvals(store, subjects)
    first = timer.time("**freeze**", lambda: freeze(store, plan, approved), 10)
    timer.time("freeze them again (nothing new)", lambda: freeze(store, plan, approved))
    edited = approvals(store, subjects, edited=len(subjects) // 10)
    second = timer.time("freeze with a tenth edited", lambda: freeze(store, plan, edited), 10)
    third = freeze(store, FreezePlan("third", "benchmark", "pepper"), edited)
    timer.time("**diff**, a tenth edited", lambda: diff(store, first, second), 5)
    timer.time("**diff**, half in other splits", lambda: diff(store, first, third), 5)
    timer.time(
        "read a version, checking hashes",
        lambda: sum(1 for _ in version_examples(store, first)),
    )
    if timer.time("verify a version", lambda: verify(store, first)):
        raise RuntimeError("The version has changed since it was frozen.")
    others = approvals(store, subjects, rule="unanimity")  # none of these examples is stored yet
    step = "**freeze** with as many pairs"
    with_pairs = timer.time(step, lambda: freeze_with_pairs(store, others), 20)
    if with_pairs.pairs != len(subjects):
        raise RuntimeError(f"The version has {with_pairs.pairs} pairs, not {len(subjects)}.")


def measure(store: Store, count: int) -> tuple[list[Row], float]:
    """Do every step once. Returns the rows of the table and the peak memory of streaming."""
    timer = StepTimer()
    subjects = add(store, count, timer)
    pull(store, subjects, timer)
    freeze_versions(store, subjects, timer)
    return timer.rows, streaming_peak(store)


def report(rows: list[Row], peak: float, title: str) -> Iterator[str]:
    """The table in Markdown."""
    yield title
    yield ""
    yield "| step | seconds | limit |"
    yield "| --- | ---: | ---: |"
    for row in rows:
        yield f"| {row.step} | {row.seconds:.1f} | {'' if row.limit is None else row.limit} |"
    total = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield ""
    yield f"Peak memory: {peak:.1f} MiB while streaming, {total:.0f} MiB in the whole run."


def main() -> None:
    """Measure in an empty database and record the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'store.db'}"
        Store.migrate(url)
        with Store.open(url) as store:
            rows, peak = measure(store, options.count)
            title = f"{options.count:,} candidates on {store.engine.dialect.name}."
    table = list(report(rows, peak, title))
    publish("store", table, should_record=not options.url)


if __name__ == "__main__":
    main()
