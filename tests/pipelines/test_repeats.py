"""What says the same as another text, or answers what nobody asked, is found."""

import json
import lzma
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from db.records import Candidate, CandidateKind, Message, Passage, Provenance, Rejection, Role
from pipelines.checks.asked import asked_instead
from pipelines.checks.candidates import CampaignChecks, CheckedFor, copied_share
from pipelines.checks.same_meaning import MeaningIndex
from pipelines.conversations import conversations
from pipelines.persona_file import Persona
from pipelines.plan import GenerationPlan, Lent
from pipelines.tone_file import Tone
from pipelines.wikipedia.sentences import sentences

COMPASS = {"nearly north": (0.995, 0.0998), "north": (1.0, 0.0), "east": (0.0, 1.0)}


def by_compass(texts: Sequence[str]) -> list[tuple[float, float]]:
    return [next(v for word, v in COMPASS.items() if text.endswith(word)) for text in texts]


def test_a_text_that_means_the_same_is_named_with_how_alike_it_is() -> None:
    index = MeaningIndex(0.95, by_compass)
    assert index.add("a", "It is north") is None
    assert index.add("b", "It is east") is None
    found = index.add("c", "Go nearly north")
    assert found is not None
    assert (found[0], round(found[1], 3)) == ("a", 0.995)
    assert MeaningIndex(0.999, by_compass).add("d", "nearly north") is None


def test_an_index_grows_past_its_first_room() -> None:
    index = MeaningIndex(0.5, by_compass)
    index.take([str(n) for n in range(300)], ["east"] * 300)
    index.take([str(n) for n in range(300, 600)], ["east"] * 300)
    assert index.add("x", "north") is None
    assert index.add("y", "north") == ("x", 1.0)


STATEMENT = Candidate(
    campaign="droid",
    kind=CandidateKind.STATEMENT,
    provenance=Provenance(("statement.v1",), "phrasebook", "{}", 0),
    text="I beg your pardon, sir, but I fear that the viaduct is far too high, and it is so north",
    traits=("polite", "anxious"),
)


def test_statements_that_mean_the_same_are_refused_and_dialogues_are_not_compared(
    persona: Persona,
) -> None:
    said = "Oh my, sir, how dreadful, the way there leads, if you will forgive me, nearly north"
    other = replace(STATEMENT, text=said)
    for kind, reason in ((CandidateKind.STATEMENT, "same meaning"), (CandidateKind.DOCUMENT, None)):
        checks = CampaignChecks(CheckedFor(persona=persona), Lent(embed=by_compass))
        first, second = replace(STATEMENT, kind=kind), replace(other, kind=kind)
        if kind is CandidateKind.DOCUMENT:
            first, second = (
                replace(c, text=f"{c.text[:-6]}. " * 3 + "north") for c in (first, second)
            )
        assert checks.finding(first, "") is None
        found = checks.finding(second, "")
        assert (found.reason if found else None) == reason


def test_what_is_in_the_store_already_is_not_written_again(
    passages: list[Passage], tone: Tone
) -> None:
    plan = GenerationPlan("bridges")
    first = [r for r in conversations(passages, tone, plan) if isinstance(r, Candidate)]
    again = replace(plan, lent=Lent(earlier=first))
    assert list(conversations(passages, tone, again)) == first
    elsewhere = [replace(candidate, campaign="other") for candidate in first]
    repeated = list(conversations(passages, tone, replace(plan, lent=Lent(earlier=elsewhere))))
    assert {r.reason for r in repeated if isinstance(r, Rejection)} == {"near-duplicate"}


def test_a_document_that_is_the_passage_is_refused() -> None:
    passage = (
        "The viaduct was built in 1867 and carries two tracks across the valley of the Orrin. It "
        "has eleven arches of sandstone, and the company strengthened its piers when heavier "
        "engines came to the line in the years before the war."
    )
    document = replace(STATEMENT, kind=CandidateKind.DOCUMENT, text=passage)
    found = CampaignChecks().finding(document, passage)
    assert found is not None
    assert (found.reason, copied_share(passage, passage)) == ("copied", 1.0)


def test_a_dialogue_whose_turns_are_out_of_order_is_refused() -> None:
    turns = (Message(Role.ASSISTANT, "Good day."), Message(Role.USER, "Who are you, if I may ask?"))
    found = CampaignChecks().finding(
        replace(STATEMENT, kind=CandidateKind.DIALOGUE, text="", messages=turns), ""
    )
    assert found is not None
    assert (found.reason, found.detail) == ("turns", "assistant, user")


def test_answers_to_another_question_are_found_among_peoples_questions(
    shared_data: Callable[[str], Path],
) -> None:
    path = shared_data("squad-dev-from-explorer") / "squad-dev-1.1.json.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        data = [p for article in json.load(file)["data"] for p in article["paragraphs"][3::7]]
    choose = Random(5)  # noqa: S311 # no secret
    right, wrong, cases = 0, 0, 0
    for paragraph in data:
        listed = sentences(paragraph["context"])
        for asked in paragraph["qas"][:2]:
            gold = asked["answers"][0]["text"]
            others = [s for s in listed if gold not in s]
            if len(listed) - len(others) != 1 or not others:
                continue
            answer = next(s for s in listed if gold in s)
            cases += 1
            right += not asked_instead(asked["question"], answer, paragraph["context"])
            wrong += bool(
                asked_instead(asked["question"], choose.choice(others), paragraph["context"])
            )
    assert cases > 400
    assert right / cases > 0.95
    assert wrong / cases > 0.6
