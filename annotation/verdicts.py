"""Derive verdicts from reviews with an explicit rule, and find records that reviewers flagged."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from annotation.errors import AnnotationError
from db.records import Decision, Review, ReviewerKind, ReviewStatus, Verdict

DECISION = "decision"
REASONS = "reasons"
FLAGS = ("harmful", "broken")
"""Reasons that flag a record even if the reviewer discards it."""


@dataclass(frozen=True)
class Flag:
    """A problem with a record that a reviewer reported; `kind` is one of `FLAGS`."""

    subject: str
    reviewer: str
    kind: str


class VotingRule(StrEnum):
    """The way in which the reviewers' decisions about a record are combined."""

    MAJORITY = "majority"
    UNANIMITY = "unanimity"
    ADJUDICATOR = "adjudicator"


@dataclass(frozen=True)
class VerdictRule:
    """A rule that derives a verdict from the decisions about a record.

    MAJORITY uses the most frequent decision. UNANIMITY requires all reviewers to make the same
    decision. If the rule yields no decision, the verdict is a tie. ADJUDICATOR uses the
    adjudicator's decision, or applies MAJORITY if the adjudicator hasn't decided. A verdict
    requires at least `minimum` decisions, unless the adjudicator has decided.
    """

    voting: VotingRule = VotingRule.MAJORITY
    adjudicator: str = ""
    minimum: int = 1

    def __post_init__(self) -> None:
        """Check that an adjudicator is named if, and only if, the rule needs one."""
        needs_adjudicator = self.voting is VotingRule.ADJUDICATOR
        if needs_adjudicator and not self.adjudicator:
            raise AnnotationError(
                "The verdict rule is “adjudicator”, but no adjudicator is named. Name one."
            )
        if self.adjudicator and not needs_adjudicator:
            raise AnnotationError(
                f"The verdict rule “{self.voting}” doesn't use an adjudicator, but "
                f"“{self.adjudicator}” is named as one. Omit the adjudicator."
            )

    @property
    def description(self) -> str:
        """A short text that names the rule and is stored with each verdict."""
        name = f" {self.adjudicator}" if self.adjudicator else ""
        return f"{self.voting}{name}, at least {self.minimum}"

    def is_adjudicators(self, review: Review) -> bool:
        """Return whether a review comes from the adjudicator."""
        return bool(self.adjudicator) and review.reviewer == self.adjudicator


def verdicts(reviews: Iterable[Review], rule: VerdictRule) -> Iterator[Verdict]:
    """Yield a verdict for each subject that has enough decisions.

    Reviews are ignored if they weren't submitted or don't contain a decision. A record that anybody
    flagged as harmful or broken is approved only if the adjudicator approves it. If an approving
    reviewer edited the text, the edit replaces the text. If there are several edits, the
    adjudicator's edit is preferred, then edits by people over edits by rules, then the most
    frequent edit, and finally the latest one. `reviews` contains each reviewer's current review of
    each subject.
    """
    by_subject: dict[str, list[Review]] = defaultdict(list)
    flagged: set[str] = set()
    for review in reviews:
        flagged.update(flag.subject for flag in find_flags([review]))
        if review.status is ReviewStatus.SUBMITTED and review.answer(DECISION) is not None:
            by_subject[review.subject].append(review)
    for subject, decisions in by_subject.items():
        is_final = any(rule.is_adjudicators(review) for review in decisions)
        if len(decisions) < rule.minimum and not is_final:
            continue
        decision = _decide(decisions, rule)
        if decision is Decision.APPROVE and subject in flagged and not is_final:
            decision = Decision.REJECT
        yield Verdict(
            subject=subject,
            decision=decision,
            rule=rule.description,
            reviews=tuple(sorted(review.id for review in decisions)),
            text=_winning_edit(decisions, rule) if decision is Decision.APPROVE else None,
        )


def find_flags(reviews: Iterable[Review]) -> Iterator[Flag]:
    """Yield the flags that reviewers set, including those in discarded reviews."""
    for review in reviews:
        reasons = review.answer(REASONS)
        for kind in FLAGS:
            if isinstance(reasons, tuple) and kind in reasons:
                yield Flag(review.subject, review.reviewer, kind)


def _decide(reviews: Sequence[Review], rule: VerdictRule) -> Decision:
    counts: Counter[Decision] = Counter()
    for review in reviews:
        decision = Decision(str(review.answer(DECISION)))
        if rule.is_adjudicators(review):
            return decision
        counts[decision] += 1
    approvals, rejections = counts[Decision.APPROVE], counts[Decision.REJECT]
    is_split = rule.voting is VotingRule.UNANIMITY and approvals and rejections
    if is_split or approvals == rejections:
        return Decision.TIE
    return Decision.APPROVE if approvals > rejections else Decision.REJECT


def _winning_edit(reviews: Sequence[Review], rule: VerdictRule) -> str | None:
    edits = [
        review
        for review in reviews
        if review.edited is not None and review.answer(DECISION) == Decision.APPROVE
    ]
    counts = Counter(review.edited for review in edits)
    best = max(
        edits,
        key=lambda review: (
            rule.is_adjudicators(review),
            review.reviewer_kind is ReviewerKind.PERSON,
            counts[review.edited],
            review.submitted_at,
            review.id,
        ),
        default=None,
    )
    return best.edited if best else None
