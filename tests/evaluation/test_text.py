from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.measures.text import sentences, syllables, words


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1),
        ("reading", 2),
        ("reptilian", 3),
        ("encyclopedia", 6),
        ("don’t", 1),
        ("sea-fight", 2),
        ("1918", 4),  # nineteen-eighteen, as Flesch counts it
        ("2005", 4),
        ("1,250", 8),
        ("3.5", 3),
        ("2000000", 3),
        ("7", 2),
        ("BBC", 3),
        ("WQXZ", 6),  # not in the dictionary: spelled out, W is three
        ("zorblatting", 3),  # not in the dictionary: counted by its letters
    ],
)
def test_syllables_are_those_of_a_word_read_aloud(word: str, count: int) -> None:
    assert syllables(word) == count


def test_an_abbreviation_or_initial_does_not_end_a_sentence() -> None:
    text = "Dr. Smith met J. R. Tolkien, e.g. in the U.S. archive. They talked."
    assert sentences(text) == [text[:-13], "They talked."]


def test_sentences_may_start_lower_case_or_after_a_quote() -> None:
    assert len(sentences("“Really?” she asked. i agree. ok!")) == 4


def test_list_items_and_headings_are_sentences() -> None:
    text = "# Parts\n- the hull\n- the mast\n\n1. Sail it\n2) Sink it"
    assert sentences(text) == ["Parts", "the hull", "the mast", "Sail it", "Sink it"]


def test_a_line_break_in_a_paragraph_does_not_end_a_sentence() -> None:
    assert len(sentences("A long line\nthat goes on.")) == 1


def test_words_are_separated_by_white_space_and_dashes() -> None:
    text = "Well — it’s a sea-fight, isn't--or is?  (1,250!) …"
    assert " ".join(words(text)) == "Well it’s a sea-fight isn't or is 1,250"


def _everything(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        yield from words(sentence)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_any_text_can_be_counted(text: str) -> None:
    assert all(syllables(word) >= 1 for word in words(text))
    assert bool(sentences(text)) == bool(list(_everything(text)))


@given(st.lists(st.sampled_from(["Ada saw it.", "So what?", "It works!"]), min_size=1, max_size=9))
def test_plain_sentences_are_counted_one_by_one(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == parts
