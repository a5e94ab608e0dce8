from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from evaluation.arms import MeasuredArm, MeasuredOutput, summarise
from evaluation.measures.persona import IN_CHARACTER, Matching, persona_measures, trait_features
from evaluation.pages.report import render_report
from tests.evaluation.samples import sample_report

PHRASES = {"deference": ("sir", "master"), "anxiety": ("oh dear", "i’m afraid"), "odds": ("%",)}


def test_phrases_match_whole_words_in_any_case_and_with_any_apostrophe() -> None:
    traits = {"trait.deference": 1.0, "trait.anxiety": 1.0, "trait.odds": 0.0}
    measures = persona_measures("Oh dear, Sir! I'm afraid so.", PHRASES)
    assert measures == traits | {"in_character": 1.0}


def test_substrings_match_inside_words() -> None:
    text = "It is my desire to see a masterpiece."
    assert persona_measures(text, PHRASES)["trait.deference"] == 0
    assert persona_measures(text, PHRASES, Matching.SUBSTRING)["trait.deference"] == 1


def test_one_trait_of_several_is_not_in_character() -> None:
    assert persona_measures("Yes, sir. Yes, sir, master.", PHRASES)["in_character"] == 0
    assert persona_measures("Yes, sir.", {"deference": ("sir",)})["in_character"] == 1
    assert persona_measures("Yes, sir.", {})["in_character"] == 0
    assert persona_measures("Yes, sir.", {"empty": ()})["in_character"] == 0


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_a_phrase_that_matches_as_words_matches_as_a_substring(
    text: str, phrases: list[str]
) -> None:
    lists = {"trait": phrases}
    words = persona_measures(text, lists)["trait.trait"]
    assert words <= persona_measures(text, lists, Matching.SUBSTRING)["trait.trait"]


def test_a_persona_report_shows_every_trait_of_every_arm() -> None:
    traits = trait_features(list(PHRASES))
    texts = {"base": "The odds are fine.", "tuned": "Oh dear, sir, I'm afraid it is 3 %."}
    arms = tuple(
        summarise(
            MeasuredArm(
                name, name.capitalize(), "", (MeasuredOutput("p", persona_measures(text, PHRASES)),)
            ),
            IN_CHARACTER,
            traits,
        )
        for name, text in texts.items()
    )
    rates = {mean.feature.name: mean.value for mean in arms[1].traits}
    assert rates["trait.anxiety"] is not None
    assert rates["trait.anxiety"].estimate == pytest.approx(1)
    data = replace(sample_report(), arms=arms, target=IN_CHARACTER, sweep=(), differences=())
    page = BeautifulSoup(render_report(data), "html.parser")
    assert page.find(id="character") is not None
    assert "Share of answers that are in character" in page.get_text()
    assert all(trait.label in page.get_text() for trait in traits)
