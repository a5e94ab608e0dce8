"""Each check objects to what it is there for, and to nothing else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Candidate, CandidateKind, Message, Provenance, Role
from pipelines.checks.candidates import CampaignChecks, CheckedFor
from pipelines.checks.language import is_english
from pipelines.checks.near_duplicates import band_width, near_duplicates
from pipelines.checks.pii import pii
from pipelines.checks.spoken import markdown, refusal
from pipelines.checks.support import unsupported_names, unsupported_numbers
from pipelines.persona_file import Persona

PASSAGE = (
    "The Orrin Viaduct was built in 1867 by Agnes Tulloch for the Northern Railway. It has eleven "
    "arches and cost 41,500 pounds. Trains from Dundee began to cross it in May 1868."
)
PLAIN = "The Orrin Viaduct was built in 1867 by Agnes Tulloch. It has eleven arches."
GOOD = "Sure! Agnes Tulloch built it back in 1867, and it's got eleven arches. Want more?"
PROVENANCE = Provenance(("tone_answer.v1",), "phrasebook", "{}", 0)


def conversation(answer: str) -> Candidate:
    return Candidate(
        campaign="bridges",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(
            Message(Role.USER, f"{PASSAGE}\n\nWho built it?"),
            Message(Role.ASSISTANT, answer),
        ),
        question="Who built it?",
        reference=PLAIN,
    )


def reason(answer: str) -> str:
    found = CampaignChecks().finding(conversation(answer), PASSAGE)
    return found.reason if found else ""


def test_a_good_answer_passes() -> None:
    assert reason(GOOD) == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Das Viadukt wurde 1867 von Agnes Tulloch gebaut, und es hat elf Bögen.", "not English"),
        ("Yes, it was.", "length"),
        ("It was built in 1867. " * 40, "length"),
        ("As an AI language model, I can say that Agnes Tulloch built it in 1867.", "refusal"),
        ("I'm sorry, but I can't say who it was that built the Orrin Viaduct.", "refusal"),
        ("## The viaduct\nAgnes Tulloch built it in 1867, and it has eleven arches.", "markdown"),
        ("- Agnes Tulloch built it in 1867\n- It has eleven arches and it cost a lot", "markdown"),
        (PLAIN, "copied"),
        ("Well, Agnes Tulloch built it in 1876, and it's got eleven arches.", "unsupported number"),
        ("Well, Agnes Tulloch built it in 1867, and it's got twelve arches.", "unsupported number"),
        ("Well, Agnes Telford built it in 1867, and it's got eleven arches.", "unsupported name"),
        ("Agnes Tulloch built it in 1867. Write to agnes@tulloch.org for more.", "personal data"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(answer: str, expected: str) -> None:
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
def test_numbers_and_names_may_be_written_another_way(answer: str) -> None:
    assert reason(answer) == ""


def test_the_second_of_two_near_duplicates_is_refused_with_the_first_named() -> None:
    checks = CampaignChecks()
    first, second = conversation(GOOD), conversation(GOOD.replace("Want more?", "Want some more?"))
    assert checks.finding(first, PASSAGE) is None
    found = checks.finding(second, PASSAGE)
    assert found is not None
    assert (found.reason, first.id in found.detail) == ("near-duplicate", True)


def test_a_persona_text_must_show_each_trait_it_names(persona: Persona) -> None:
    def statement(text: str, *traits: str) -> Candidate:
        return Candidate(
            campaign="droid",
            kind=CandidateKind.STATEMENT,
            provenance=PROVENANCE,
            text=text,
            traits=traits,
        )

    text = "I beg your pardon, sir, but I fear that the viaduct is far too high for my liking."
    checks = CampaignChecks(CheckedFor(persona=persona))
    assert checks.finding(statement(text, "polite", "anxious"), PASSAGE) is None
    found = checks.finding(statement(text + " Truly.", "polite", "calculating"), PASSAGE)
    assert found is not None
    assert found.reason == "wrong trait"
    assert found.detail == "anxious in place of calculating"
    unnamed = checks.finding(statement(text + " Really."), PASSAGE)
    assert unnamed is not None
    assert unnamed.detail == "polite, anxious in place of none named"
    silent = checks.finding(statement("The viaduct has eleven arches. " * 4, "polite"), "")
    assert silent is not None
    assert (silent.reason, silent.detail) == ("no trait shown", "polite")


def test_near_duplicates_names_each_with_the_one_before_it_and_how_alike_they_are() -> None:
    base = "one two three four five six seven eight nine ten eleven twelve"
    texts = [("a", base), ("b", base), ("c", base + " thirteen"), ("d", "something else entirely")]
    assert near_duplicates(texts, 0.8) == [("a", "b", 1.0), ("a", "c", pytest.approx(8 / 9))]


@given(st.lists(st.tuples(st.uuids().map(str), st.text(max_size=30)), max_size=12))
def test_every_copy_of_a_text_is_a_near_duplicate(texts: list[tuple[str, str]]) -> None:
    found = {name for _, name, alike in near_duplicates(texts, 1.0) if alike == 1.0}
    seen: set[str] = set()
    for name, text in texts:
        assert text not in seen or name in found
        seen.add(text)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_pairs_above_the_threshold_are_found_and_pairs_far_below_are_hardly_compared(
    threshold: float,
) -> None:
    width = band_width(threshold)
    met = [1 - (1 - alike**width) ** (128 // width) for alike in (threshold, threshold / 3)]
    assert met[0] >= 0.99
    assert met[1] < 0.25


def test_ten_thousand_texts_with_a_stock_phrase_in_common_take_seconds() -> None:
    stock = "it has been said before and it will be said again by everyone who was there"
    texts = [(str(n), f"{stock} {' '.join(f'w{n}x{k}' for k in range(12))}") for n in range(10_000)]
    started = time.perf_counter()
    assert near_duplicates(texts, 0.7) == []
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jane.doe+x@mail.example.org", "e-mail address"),
        ("call +44 20 7946 0958 now", "phone number"),
        ("call (212) 555-0142 now", "phone number"),
        ("call 212-555-0142 now", "phone number"),
        ("from 8.8.4.4 it came", "IP address"),
        ("card 4111 1111 1111 1111", "card number"),
        ("pay to DE89 3704 0044 0532 0130 00", "bank account"),
        ("pay to GB82WEST12345698765432", "bank account"),
    ],
)
def test_personal_data_is_found(text: str, kind: str) -> None:
    assert [found.split(":")[0] for found in pii(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "the seasons 1999–2000 and 2001-02, 41,500 pounds, 4:54.516 minutes",
        "ISBN 978-3-16-148410-0 and version 10.0.0.1 of 192.168.0.1",
        "the card 4111 1111 1111 1112 and DE89 3704 0044 0532 0130 01",
        "in 1867, 1868 and 1869 it had 5 to 10 trains, at 12.30 and 14.45",
        "an @ sign and a#b",
    ],
)
def test_ordinary_numbers_are_no_personal_data(text: str) -> None:
    assert pii(text) == []


def test_english_is_told_from_other_languages() -> None:
    assert is_english(PASSAGE)
    assert not is_english("La torre fue construida en el siglo doce y fue abandonada más tarde.")
    assert not is_english("Башня была построена в двенадцатом веке, a potom byla opuštěna lidmi.")
    assert is_english("Oui.")


def test_marks_of_formatting_and_refusing_are_quoted() -> None:
    assert markdown("It is **very** old") == "**very**"
    assert markdown("It is 3 * 4 * 5, isn't it? See A/B.") == ""
    assert refusal("Well, as an AI, I know.") == "as an AI"
    assert refusal("Can't complain about the weather.") == ""


def test_support_lists_what_is_missing() -> None:
    assert unsupported_numbers("In 1867 and 1999, seven or 8", PASSAGE) == ["1999", "7", "8"]
    assert unsupported_names("It is in Perth, near Dundee, Tulloch's Perth.", PASSAGE) == ["Perth"]
