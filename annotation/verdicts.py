"""Verdicts: what the reviews of one record come to, under a rule that is written down."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from annotation.errors import AnnotationError
from annotation.flags import find_flags
from db.records import Decision, Review, ReviewerKind, ReviewStatus, Verdict

DECISION = "decision"


class VotingRule(StrEnum):
    """How decisions are counted."""

    MAJORITY = "majority"
    UNANIMITY = "unanimity"
    ADJUDICATOR = "adjudicator"


@dataclass(frozen=True)
class VerdictRule:
    """A rule for verdicts.

    Majority: more approvals than rejections approve, fewer reject, as many are a tie. Unanimity:
    all or nothing, a split is a tie. Adjudicator: what the named reviewer decided; where there
    is nothing from them, the majority.

    Attributes:
        ruling: Which of the three.
        adjudicator: The name of the reviewer who has the last word.
        minimum: Fewest decisions for a verdict, the adjudicator's excepted.
    """

    ruling: VotingRule = VotingRule.MAJORITY
    adjudicator: str = ""
    minimum: int = 1

    def __post_init__(self) -> None:
        """Check that an adjudicator is named exactly where one is needed."""
        if (self.ruling is VotingRule.ADJUDICATOR) != bool(self.adjudicator):
            raise AnnotationError(
                f"found the rule “{self.ruling}” with the adjudicator “{self.adjudicator}”, "
                "expected a name with “adjudicator” and none otherwise; correct the campaign"
            )

    @property
    def words(self) -> str:
        """The rule as it stands in a verdict."""
        name = f" {self.adjudicator}" if self.adjudicator else ""
        return f"{self.ruling}{name}, at least {self.minimum}"


def verdicts(reviews: Iterable[Review], rule: VerdictRule) -> Iterator[Verdict]:
    """One verdict for each subject that enough reviewers decided on.

    Only submitted reviews with a decision count. What somebody flagged as harmful or broken is not
    approved, whatever the others say, unless the adjudicator approves it. The text of an approved
    subject is the edit of a reviewer who approved: the adjudicator's before others, a person's
    before a rule's, then the one that most made, then the latest.

    Args:
        reviews: The current reviews, one of each reviewer for each subject.
        rule: How they are counted.

    Yields:
        Verdict: In the order in which their subjects appear.
    """
    by_subject: dict[str, list[Review]] = defaultdict(list)
    flagged: set[str] = set()
    for review in reviews:
        flagged.update(flag.subject for flag in find_flags([review]))
        if review.status is ReviewStatus.SUBMITTED and review.answer(DECISION) is not None:
            by_subject[review.subject].append(review)
    for subject, said in by_subject.items():
        last_word = any(review.reviewer == rule.adjudicator for review in said)
        if len(said) < rule.minimum and not last_word:
            continue
        decision = _decision(said, rule)
        if decision is Decision.APPROVE and subject in flagged and not last_word:
            decision = Decision.REJECT
        yield Verdict(
            subject=subject,
            decision=decision,
            rule=rule.words,
            reviews=tuple(sorted(review.id for review in said)),
            text=_winning_edit(said, rule) if decision is Decision.APPROVE else None,
        )


def _decision(said: Sequence[Review], rule: VerdictRule) -> Decision:
    for review in said:
        if rule.adjudicator and review.reviewer == rule.adjudicator:
            return Decision(str(review.answer(DECISION)))
    count = Counter(Decision(str(review.answer(DECISION))) for review in said)
    approvals, rejections = count[Decision.APPROVE], count[Decision.REJECT]
    if rule.ruling is VotingRule.UNANIMITY and approvals and rejections:
        return Decision.TIE
    if approvals == rejections:
        return Decision.TIE
    return Decision.APPROVE if approvals > rejections else Decision.REJECT


def _winning_edit(said: Sequence[Review], rule: VerdictRule) -> str | None:
    edits = [
        review
        for review in said
        if review.edited is not None and review.answer(DECISION) == Decision.APPROVE
    ]
    if not edits:
        return None
    made = Counter(review.edited for review in edits)
    best = max(
        edits,
        key=lambda review: (
            bool(rule.adjudicator) and review.reviewer == rule.adjudicator,
            review.reviewer_kind is ReviewerKind.PERSON,
            made[review.edited],
            review.submitted_at,
            review.id,
        ),
    )
    return best.edited
