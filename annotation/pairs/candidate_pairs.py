"""Preference pairs from reviewed candidates: edits, verdicts on one prompt, and rewrites."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TypeAlias

from annotation.pairs.pair_rejections import PairRejection, reject_pair
from annotation.verdicts import DECISION
from db.records import (
    Candidate,
    Example,
    Message,
    Pair,
    PairSource,
    Rejection,
    Review,
    Role,
    Verdict,
)

_Prompt: TypeAlias = tuple[str | None, tuple[tuple[Role, str], ...]]


@dataclass(frozen=True)
class ReviewedCandidate:
    """A candidate, its verdict, and the reviews behind the verdict."""

    candidate: Candidate
    verdict: Verdict
    reviews: tuple[Review, ...]

    @property
    def support(self) -> int:
        """The number of reviews that agree with the verdict."""
        return sum(review.answer(DECISION) == self.verdict.decision for review in self.reviews)

    def reject(self, reason: PairRejection, detail: str) -> Rejection:
        """Return the rejection of a pair of this candidate."""
        return reject_pair(self.candidate.campaign, self.candidate.id, reason, detail)


@dataclass(frozen=True)
class ApprovedCandidate(ReviewedCandidate):
    """An approved candidate with its example, which has the final text and the split."""

    example: Example


def candidate_pairs(
    approved: Sequence[ApprovedCandidate],
    rejected: Sequence[ReviewedCandidate],
    sources: Collection[PairSource],
) -> Iterator[Pair | Rejection]:
    """Yield the pairs of the given sources, and rejections that say why there is no pair."""
    for item in approved:
        if PairSource.EDIT in sources and item.verdict.text is not None:
            yield _edit_pair(item)
        if PairSource.REWRITE in sources and item.example.reference:
            yield _rewrite_pair(item)
    if PairSource.VERDICT in sources:
        yield from _verdict_pairs(approved, rejected)


def _edit_pair(item: ApprovedCandidate) -> Pair | Rejection:
    """Pair the first answer that the edit changed with the answer before the edit.

    Later answers aren't paired, because the edit also changed the chat before them.
    """
    before, after = item.candidate.messages, item.example.messages
    if not after:
        return item.reject(PairRejection.NO_PROMPT, f"a {item.candidate.kind} has no prompt")
    both = enumerate(zip(before, after, strict=False))
    changed = next((index for index, (old, new) in both if old != new), None)
    if changed is None and len(before) == len(after):
        return item.reject(PairRejection.IDENTICAL, "the edit changes nothing")
    if changed is None:
        return item.reject(PairRejection.EDITED_PROMPT, "the edit only adds or removes turns")
    if {before[changed].role, after[changed].role} != {Role.ASSISTANT}:
        detail = f"the edit first changes turn {changed + 1}, which isn't an answer"
        return item.reject(PairRejection.EDITED_PROMPT, detail)
    return _pair(PairSource.EDIT, item, after[: changed + 1], before[changed].content)


def _rewrite_pair(item: ApprovedCandidate) -> Pair | Rejection:
    if not item.example.messages:
        return item.reject(PairRejection.NO_PROMPT, f"a {item.candidate.kind} has no prompt")
    return _pair(PairSource.REWRITE, item, item.example.messages, item.example.reference)


def _verdict_pairs(
    approved: Sequence[ApprovedCandidate], rejected: Sequence[ReviewedCandidate]
) -> Iterator[Pair | Rejection]:
    """Pair approved with rejected candidates that have the same passage and the same prompt.

    If a prompt has several of them, each candidate is in at least one pair, and no candidate is in
    more pairs than necessary. A rejected candidate without an approved one yields a rejection.
    """
    better: dict[_Prompt, list[ApprovedCandidate]] = defaultdict(list)
    worse: dict[_Prompt, list[ReviewedCandidate]] = defaultdict(list)
    for item in sorted(approved, key=lambda item: item.candidate.id):
        better[_prompt(item.candidate, item.example.messages)].append(item)
    for other in sorted(rejected, key=lambda item: item.candidate.id):
        if other.candidate.messages:
            worse[_prompt(other.candidate, other.candidate.messages)].append(other)
        else:
            yield other.reject(PairRejection.NO_PROMPT, f"a {other.candidate.kind} has no prompt")
    for prompt, losers in worse.items():
        winners = better.get(prompt)
        if not winners:
            detail = "no answer to the same prompt was approved"
            yield from (other.reject(PairRejection.NOTHING_BETTER, detail) for other in losers)
            continue
        pairs = zip(cycle(winners), cycle(losers), strict=False)
        for item, other in islice(pairs, max(len(winners), len(losers))):
            answer = other.candidate.messages[-1].content
            yield _pair(PairSource.VERDICT, item, item.example.messages, answer, other)


def _prompt(candidate: Candidate, messages: tuple[Message, ...]) -> _Prompt:
    turns = tuple((message.role, message.content) for message in messages[:-1])
    return candidate.passage, turns


def _pair(
    source: PairSource,
    item: ApprovedCandidate,
    messages: tuple[Message, ...],
    rejected: str,
    other: ReviewedCandidate | None = None,
) -> Pair | Rejection:
    """Pair the last of `messages` with the rejected answer of the same or another candidate."""
    *prompt, answer = messages
    if not answer.has_loss:
        return item.reject(PairRejection.WITHOUT_LOSS, "the answer has weight 0")
    origins = (item, other) if other else (item,)
    reviews = [review for origin in origins for review in origin.reviews]
    example = item.example
    return Pair(
        source=source,
        split=example.split,
        prompt=tuple(prompt),
        chosen=answer.content,
        rejected=rejected,
        chosen_from=item.candidate.id,
        rejected_from=origins[-1].candidate.id,
        reviews=tuple(sorted(review.id for review in reviews)),
        reviewers=tuple(sorted({review.reviewer for review in reviews})),
        reviewer_kinds=tuple(sorted({review.reviewer_kind.value for review in reviews})),
        support=sum(origin.support for origin in origins),
        passage=example.passage,
        article=example.article,
        persona=example.persona,
        traits=example.traits,
    )
