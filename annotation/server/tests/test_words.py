import pytest
from hypothesis import given
from hypothesis import strategies as st
from timbre_argilla.search.words import LONGEST_WORD, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Word, and another.", ["a", "word", "and", "another"]),
        ("don't stop; 3.14", ["don", "t", "stop", "3", "14"]),
        ("snake_case and under_", ["snake", "case", "and", "under"]),
        ("Café Ångström naïve", ["cafe", "angstrom", "naive"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Ελλάδα", ["ελλαδα"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("がぎ", ["が", "ぎ"]),
        ("서울 타워", ["서울", "타워"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("a東b", ["a", "東", "b"]),
        ("", []),
        ("... !?", []),
    ],
)
def test_a_text_is_the_words_it_is_searched_by(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_run_that_is_longer_than_any_word_is_cut() -> None:
    assert words("x" * 1000) == ["x" * LONGEST_WORD]


@given(st.text())
def test_words_of_words_are_the_same_words(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found


@given(st.text())
def test_a_word_has_nothing_that_a_query_language_could_mistake(text: str) -> None:
    assert not [word for word in words(text) if set(word) & set(" \t\n\"'\\*()|&!:<>-_")]
