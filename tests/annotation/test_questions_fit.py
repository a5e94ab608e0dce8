"""Questions fit the record: about its passage, about the answer that it rewrites, or neither."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from annotation.argilla import questions
from annotation.argilla.accounts import Account
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import find_dataset
from annotation.items import CandidateItem, Suggestion
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons, withdraw_unanswered
from annotation.review_settings import Basis, ReviewSettings
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


def test_a_chat_is_pushed_answered_and_pulled_without_questions_about_a_passage(
    owner: Connection, annotator: Annotator
) -> None:
    item, settings = chat(), replace(TONE, basis=Basis.NOTHING)
    push_candidates(owner, "chats", [item], settings)
    with connect(owner) as server:
        dataset = find_dataset(server, "chats")
        (record,) = server.get(f"datasets/{dataset.id}/records")["items"]
    assert record["fields"].keys() == {"brief", "question", "candidate"}
    assert not {"faithful", "wrong"} & dataset.question_ids.keys()
    own = answered(item.candidate.id, tone=4, natural="yes", decision="approve")
    _, connection = annotator("chats")
    assert submit(connection, "chats", [own]) == 1
    assert [review.answers for review in pull(owner, "chats")] == [own.answers]


def test_a_rewrite_is_compared_with_the_answer_it_rewrites(
    owner: Connection, annotator: Annotator
) -> None:
    candidate = replace(conversation().candidate, passage=None)
    item = CandidateItem(candidate)
    assert item.basis is Basis.ORIGINAL
    push_candidates(owner, "rewrites", [item], replace(TONE, basis=Basis.ORIGINAL))
    with connect(owner) as server:
        dataset = find_dataset(server, "rewrites").id
        (record,) = server.get(f"datasets/{dataset}/records")["items"]
        fields = {f["name"]: f for f in server.get(f"datasets/{dataset}/fields")["items"]}
        questions = {q["name"]: q for q in server.get(f"datasets/{dataset}/questions")["items"]}
    assert record["fields"]["reference"] == "The crossing takes 35 minutes."
    assert fields["reference"]["title"] == "Original answer"
    assert "passage" not in fields
    assert questions["faithful"]["title"] == "Does it say the same as the original answer?"
    assert questions["faithful"]["required"]
    spans = {o["value"]: o["text"] for o in questions["wrong"]["settings"]["options"]}
    assert spans["unsupported"] == "Not in the original answer"


def test_comparisons_ask_about_what_they_show(owner: Connection, annotator: Annotator) -> None:
    with_passage = comparison(SPOKEN, "The crossing takes 35 minutes.")
    rewrite = replace(with_passage, passage="", reference="It takes 35 minutes.")
    bare = replace(with_passage, passage="")
    titles = {}
    for item in (with_passage, rewrite, bare):
        name = f"compared-{item.basis.value}"
        push_comparisons(owner, name, [item], replace(TONE, basis=item.basis))
        with connect(owner) as server:
            dataset = find_dataset(server, name).id
            questions = server.get(f"datasets/{dataset}/questions")["items"]
            (record,) = server.get(f"datasets/{dataset}/records")["items"]
        shown = {q["name"]: q["title"] for q in questions}
        titles[item.basis] = shown.get("faithful_left")
        assert ("reference" in record["fields"]) == (item.basis is Basis.ORIGINAL)
    assert titles == {
        Basis.PASSAGE: "Does the passage support A?",
        Basis.ORIGINAL: "Does A say the same as the original answer?",
        Basis.NOTHING: None,
    }
    vote = answered(bare.comparison.id, preference="left", tone_left=5, tone_right=2)
    _, connection = annotator("comparing")
    submit(connection, "compared-chats", [vote])
    (pulled,) = pull(owner, "compared-chats")
    assert pulled.answers == vote.answers


def test_unanswered_records_leave_an_older_dataset_and_answered_ones_stay(
    owner: Connection, annotator: Annotator
) -> None:
    items = [chat(), chat("It's half an hour.")]
    push_candidates(owner, "older", items, replace(TONE, basis=Basis.NOTHING))
    _, connection = annotator("older")
    first, second = (item.candidate.id for item in items)
    submit(connection, "older", [answered(first, tone=4, natural="yes", decision="approve")])
    assert withdraw_unanswered(owner, "older", [first, second]) == {first}
    with connect(owner) as server:
        dataset = find_dataset(server, "older").id
        records = server.get(f"datasets/{dataset}/records")["items"]
    assert [record["external_id"] for record in records] == [first]
    assert withdraw_unanswered(owner, "no such dataset", [first]) == frozenset()


def test_rules_leave_questions_about_missing_facts_out() -> None:
    pair = comparison(SPOKEN, SPOKEN)
    rewrite = CandidateItem(replace(conversation().candidate, passage=None))
    for rule in RULE_REVIEWERS:
        assert review_by_rule(chat(), rule).answer("faithful") is None
        assert review_by_rule(conversation(), rule).answer("faithful") == "yes"
        assert review_by_rule(rewrite, rule).answer("faithful") == "yes"
        without = review_by_rule(replace(pair, passage=""), rule)
        assert without.answer("faithful_left") is without.answer("faithful_right") is None
        assert review_by_rule(pair, rule).answer("faithful_left") == "yes"


def test_an_older_dataset_gets_the_metadata_it_lacks_and_keeps_its_labels(
    owner: Connection, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = questions.candidate_settings

    def older(client: Any, settings: ReviewSettings) -> Any:
        result = built(client, settings)
        result.metadata = [m for m in result.metadata if m.name != "suggested"]
        return result

    labels = {"unsupported": "a", "contradicted": "b", "garbled": "c"}
    with monkeypatch.context() as patch:
        patch.setattr(questions, "candidate_settings", older)
        patch.setattr(questions, "_span_labels", lambda _: labels)
        push_candidates(owner, "earlier", [conversation()], TONE)
    suggested = replace(conversation(), suggestions=(Suggestion("tone", 4, 0.7, "m"),))
    assert push_candidates(owner, "earlier", [suggested], TONE) == PushCount(0, 0, 1)
    with connect(owner) as server:
        (record,) = server.get(f"datasets/{find_dataset(server, 'earlier').id}/records")["items"]
    assert record["metadata"]["suggested"] == ["tone: 4"]
