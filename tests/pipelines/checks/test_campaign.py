"""A campaign's checks reject each fault with its reason, and pass texts without one."""

from dataclasses import replace

import pytest

from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    Message,
    Passage,
    Rejection,
    Role,
    Verdict,
    messages_to_text,
)
from pipelines.checks.campaign import IMPORTED, CampaignChecks
from pipelines.checks.check import Failure
from pipelines.checks.copying import copied_share
from pipelines.checks.language import is_english
from pipelines.checks.pii import find_pii
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan, Resources, VoiceRules
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone
from tests.pipelines.checks.samples import (
    GOOD_ANSWER,
    PASSAGE,
    PLAIN_ANSWER,
    STATEMENT,
    conversation,
    dialogue,
)


def reason(answer: str) -> str:
    failure = CampaignChecks().run(conversation(answer), PASSAGE)
    return failure.reason if failure else ""


def test_good_answer_passes() -> None:
    assert reason(GOOD_ANSWER) == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Das Viadukt wurde 1867 von Agnes Tulloch gebaut, und es hat elf Bögen.", "not English"),
        ("Yes, it was.", "length"),
        ("It was built in 1867. " * 40, "length"),
        (PLAIN_ANSWER, "copied"),
        ("Well, Agnes Tulloch built it in 1876, and it's got eleven arches.", "unsupported number"),
        ("Well, Agnes Tulloch built it in 1867, and it's got twelve arches.", "unsupported number"),
        ("Well, Agnes Telford built it in 1867, and it's got eleven arches.", "unsupported name"),
        ("Agnes Tulloch built it in 1867, eleven arches and all. It was a huge feat.", "invented"),
        ("Well, it was Agnes Tulloch who built it, and that was in 1867.", "dropped"),
        (f"{GOOD_ANSWER} Write to agnes@tulloch.org for more.", "personal data"),
    ],
)
def test_planted_fault_is_rejected(answer: str, expected: str) -> None:
    assert reason(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        "Sure. It's 41500 pounds, that's what it cost, and it's got 11 arches.",
        "Okay: Trains from Dundee? They began to cross it in May 1868.",
        "Oh, that was Agnes Tulloch's work. One more thing: it's from 1867.",
        'She said "Sure" back then, in 1867, and it has eleven arches now.',
        "That's the Orrin Viaduct's builder, Agnes Tulloch. I'd say that's a nice question!",
    ],
)
def test_facts_in_another_form_pass(answer: str) -> None:
    candidate = replace(conversation(answer), reference="")
    assert CampaignChecks().run(candidate, PASSAGE) is None


def test_what_the_voice_forbids_is_rejected_and_named() -> None:
    def find_violation(text: str) -> str:
        return "words: it uses “arches”" if "arches" in text else ""

    resources = Resources(rules=VoiceRules(find_violation=find_violation))
    failure = CampaignChecks(resources=resources).run(conversation(GOOD_ANSWER), PASSAGE)
    assert failure == Failure("against a rule of the voice", "words: it uses “arches”")


@pytest.mark.parametrize(
    "answer",
    [
        "Well, as an AI, I'd say that it was built back in 1867, with eleven arches.",
        "- Agnes Tulloch built it back in 1867, you know\n- It has got eleven arches as well",
    ],
)
def test_markdown_and_phrases_of_models_pass_where_nothing_forbids_them(answer: str) -> None:
    assert reason(answer) == ("unsupported name" if "AI" in answer else "")


def test_the_voice_says_how_long_answers_are() -> None:
    resources = Resources(rules=VoiceRules(shortest=2, longest=4))
    checks = CampaignChecks(resources=resources)
    short = replace(conversation("It's from 1867."), reference="It was built in 1867.")
    assert checks.run(short, PASSAGE) is None
    failure = checks.run(conversation(GOOD_ANSWER), PASSAGE)
    assert failure
    assert failure.detail.endswith("expected 2 to 4")


def test_german_nouns_are_not_names_and_english_is_another_language() -> None:
    text = "Das Viadukt stammt von 1867, und elf Bögen waren eine lange Zeit für den Bau."
    checks = CampaignChecks("de")
    assert checks.run(conversation(text), PASSAGE) is None
    failure = checks.run(conversation(GOOD_ANSWER), PASSAGE)
    assert failure
    assert failure.reason == "another language"


def test_near_duplicate_is_rejected_and_names_the_first_text() -> None:
    checks = CampaignChecks()
    first = conversation(GOOD_ANSWER)
    second = conversation(GOOD_ANSWER.replace("Want more?", "Want some more?"))
    assert checks.run(first, PASSAGE) is None
    failure = checks.run(second, PASSAGE)
    assert failure is not None
    assert (failure.reason, first.id in failure.detail) == ("near-duplicate", True)


def test_existing_candidates_are_not_generated_again(passages: list[Passage], tone: Tone) -> None:
    plan = GenerationPlan("bridges")
    first = [r for r in generate_conversations(passages, tone, plan) if isinstance(r, Candidate)]
    same_plan = replace(plan, resources=Resources(existing=first))
    assert list(generate_conversations(passages, tone, same_plan)) == first
    other = [replace(candidate, campaign="other") for candidate in first]
    repeats = generate_conversations(
        passages, tone, replace(plan, resources=Resources(existing=other))
    )
    assert {r.reason for r in repeats if isinstance(r, Rejection)} == {"near-duplicate"}


@pytest.mark.parametrize(
    ("text", "traits", "expected"),
    [
        ("", ("polite", "anxious"), None),
        (" Truly.", ("polite", "calculating"), ("wrong trait", "anxious in place of calculating")),
        (" Really.", (), ("wrong trait", "polite, anxious in place of none named")),
        ("-", ("polite",), ("no trait shown", "polite")),
    ],
)
def test_persona_text_must_show_the_traits_it_names(
    persona: Persona, text: str, traits: tuple[str, ...], expected: tuple[str, str] | None
) -> None:
    written = "I beg your pardon, sir, but I fear that the viaduct is far too high for my liking."
    text = "The viaduct has eleven arches. " * 4 if text == "-" else written + text
    candidate = replace(STATEMENT, text=text, traits=traits)
    failure = CampaignChecks(persona=persona).run(candidate, PASSAGE)
    assert failure == (Failure(*expected) if expected else None)


def test_document_copied_from_its_passage_is_rejected() -> None:
    passage = (
        "The viaduct was built in 1867 and carries two tracks across the valley of the Orrin. It "
        "has eleven arches of sandstone, and the company strengthened its piers when heavier "
        "engines came to the line in the years before the war."
    )
    document = replace(STATEMENT, kind=CandidateKind.DOCUMENT, text=passage)
    failure = CampaignChecks().run(document, passage)
    assert failure is not None
    assert (failure.reason, copied_share(passage, passage)) == ("copied", 1.0)


def test_dialogue_with_turns_out_of_order_is_rejected() -> None:
    turns = (Message(Role.ASSISTANT, "Good day."), Message(Role.USER, "Who are you, if I may ask?"))
    failure = CampaignChecks().run(replace(dialogue(), messages=turns))
    assert failure == Failure(
        "turns", "assistant, user; the user and the assistant must take turns"
    )


def test_two_message_dialogue_is_reviewed_checked_and_gated_on_the_same_text() -> None:
    talk = dialogue(
        "I am Ada, write to ada@tickets.org: how do I get the money for my ticket back?",
        "You'll find it under your orders: open the ticket and tap on refund, and that's it.",
    )
    approved = Verdict(subject=talk.id, decision=Decision.APPROVE, rule="majority", reviews=())
    assert talk.review_text == messages_to_text(talk.messages)
    assert talk.approved_text(approved) == talk.review_text
    # The address is in the user's turn, which every stage has to see.
    for checks in (CampaignChecks(), CampaignChecks(checks=IMPORTED)):
        failure = checks.run(talk)
        assert failure is not None
        assert failure.reason == "personal data"
    assert find_pii(talk.approved_text(approved)) == ["e-mail address: ada@tickets.org"]


def test_english_is_recognised() -> None:
    assert is_english(PASSAGE)
    assert not is_english("La torre fue construida en el siglo doce y fue abandonada más tarde.")
    assert not is_english("Башня была построена в двенадцатом веке, a potom byla opuštěna lidmi.")
    assert is_english("Oui.")
