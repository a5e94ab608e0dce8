"""Reviewed candidates and comparisons for the tests of pairs."""

from collections.abc import Sequence

from annotation.pairs.candidate_pairs import ApprovedCandidate, ReviewedCandidate
from annotation.pairs.vote_pairs import ReviewedComparison
from db.records import (
    Answer,
    AnswerValue,
    Candidate,
    CandidateKind,
    Comparison,
    Decision,
    Example,
    Message,
    Output,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Split,
    Verdict,
)
from tests.annotation.records import PROVENANCE

QUESTION = Message(Role.USER, "How long is the crossing?")
PLAIN = "The crossing has a duration of 35 minutes."


def answer_candidate(answer: str, *context: Message, passage: str = "p") -> Candidate:
    """A conversation about the crossing, rewritten from a plain answer."""
    return Candidate(
        campaign="c",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(*(context or (QUESTION,)), Message(Role.ASSISTANT, answer)),
        question=QUESTION.content,
        reference=PLAIN,
        passage=passage,
    )


def review(
    subject: str, reviewer: str, *answers: Answer, edited: str | None = None, kind: str = "person"
) -> Review:
    """A submitted review."""
    return Review(
        subject=subject,
        reviewer=reviewer,
        reviewer_kind=ReviewerKind(kind),
        status=ReviewStatus.SUBMITTED,
        answers=answers,
        edited=edited,
    )


def decide(candidate: Candidate, decisions: str, edit: str | None = None) -> ReviewedCandidate:
    """A candidate that reviewers approve (a) or reject (r); the first letter is the verdict."""
    words = {"a": Decision.APPROVE, "r": Decision.REJECT}
    reviews = tuple(
        review(candidate.id, name, Answer("decision", words[letter].value), edited=edit)
        for name, letter in zip(("ada", "grace", "lin"), decisions, strict=False)
    )
    verdict = Verdict(
        subject=candidate.id,
        decision=words[decisions[0]],
        rule="majority",
        reviews=tuple(sorted(each.id for each in reviews)),
        text=edit,
    )
    return ReviewedCandidate(candidate, verdict, reviews)


def approve(
    candidate: Candidate,
    messages: Sequence[Message] | None = None,
    edit: str | None = None,
    decisions: str = "aa",
) -> ApprovedCandidate:
    """An approved candidate, whose final messages an edit may have changed."""
    reviewed = decide(candidate, decisions, edit)
    if messages is None and edit is not None:
        messages = (*candidate.messages[:-1], Message(Role.ASSISTANT, edit))
    example = Example(
        candidate=candidate.id,
        verdict=reviewed.verdict.id,
        kind=candidate.kind,
        split=Split.VALIDATION,
        messages=candidate.messages if messages is None else tuple(messages),
        text=candidate.text,
        reference=candidate.reference,
        passage=candidate.passage,
        article="a",
        persona=candidate.persona,
    )
    return ApprovedCandidate(candidate, reviewed.verdict, reviewed.reviews, example)


def compare(
    *votes: str, split: Split = Split.TRAIN, later_split: Split = Split.TRAIN, flag: str = ""
) -> ReviewedComparison:
    """A comparison with votes; a vote that starts with `rule-` comes from a written rule."""
    example = approve(answer_candidate("It's 35 minutes.")).example
    outputs = [
        Output(
            prompt=example.id,
            arm=arm,
            run=None,
            messages=example.messages[:-1],
            text=f"The answer of {arm}.",
            generation="{}",
            seed=0,
        )
        for arm in ("tuned", "base")
    ]
    left, right = outputs
    comparison = Comparison(campaign="c", prompt=example.id, left=left.id, right=right.id)
    reviews = []
    for number, vote in enumerate(votes):
        kind = "rule" if vote.startswith("rule-") else "person"
        values: dict[str, AnswerValue] = {"preference": vote.removeprefix("rule-")}
        if flag:
            values["reasons"] = (flag,)
        answers = (Answer(name, value) for name, value in values.items())
        reviews.append(review(comparison.id, f"voter {number}", *answers, kind=kind))
    moved = Example(
        candidate=example.candidate,
        verdict=example.verdict,
        kind=example.kind,
        split=split,
        messages=example.messages,
        passage=example.passage,
        article=example.article,
    )
    return ReviewedComparison(comparison, moved, left, right, tuple(reviews), later_split)
