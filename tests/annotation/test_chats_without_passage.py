"""An imported chat has no passage, so no question about one must be answered."""

from collections.abc import Callable
from dataclasses import replace

from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.items import CandidateItem
from annotation.pull import pull
from annotation.push import push_candidates, push_comparisons
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.records import Answer, Review, ReviewerKind, ReviewStatus
from tests.annotation.records import SPOKEN, TONE, comparison, conversation

Annotator = Callable[[str], tuple[Account, Connection]]


def chat(answer: str = SPOKEN) -> CandidateItem:
    """An imported chat of one exchange: no passage, no plain answer."""
    candidate = replace(conversation(answer).candidate, passage=None, reference="")
    return CandidateItem(candidate)


def answered(subject: str, **values: str | int) -> Review:
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(name, value) for name, value in sorted(values.items())),
    )


def test_a_chat_is_pushed_answered_and_pulled_beside_a_generated_text(
    owner: Connection, annotator: Annotator
) -> None:
    imported, generated = chat(), conversation("It's 35 minutes across.")
    push_candidates(owner, "mixed", [imported, generated], TONE)
    with connect(owner) as server:
        dataset = find_dataset(server, "mixed").id
        records = server.get(f"datasets/{dataset}/records")["items"]
    fields = {record["external_id"]: record["fields"] for record in records}
    assert fields[imported.candidate.id].keys() == {"question", "candidate"}
    assert "passage" in fields[generated.candidate.id]
    own = answered(imported.candidate.id, tone=4, natural="yes", decision="approve")
    other = answered(
        generated.candidate.id, tone=4, natural="yes", faithful="partly", decision="approve"
    )
    _, connection = annotator("mixed")
    assert submit(connection, "mixed", [own, other]) == 2
    pulled = {review.subject: review for review in pull(owner, "mixed")}
    assert pulled[own.subject].answers == own.answers
    assert pulled[other.subject].answers == other.answers


def test_a_comparison_without_passage_needs_no_answer_about_one(
    owner: Connection, annotator: Annotator
) -> None:
    item = replace(comparison(SPOKEN, "The crossing takes 35 minutes."), passage="")
    push_comparisons(owner, "sourceless", [item], TONE)
    vote = answered(item.comparison.id, preference="left", tone_left=5, tone_right=2)
    _, connection = annotator("sourceless")
    submit(connection, "sourceless", [vote])
    (pulled,) = pull(owner, "sourceless")
    assert pulled.answers == vote.answers


def test_rules_leave_questions_about_a_missing_passage_out() -> None:
    pair = comparison(SPOKEN, SPOKEN)
    for rule in RULE_REVIEWERS:
        assert review_by_rule(chat(), rule).answer("faithful") is None
        assert review_by_rule(conversation(), rule).answer("faithful") == "yes"
        without = review_by_rule(replace(pair, passage=""), rule)
        assert without.answer("faithful_left") is without.answer("faithful_right") is None
        assert review_by_rule(pair, rule).answer("faithful_left") == "yes"
