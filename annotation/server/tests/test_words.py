import pytest
from hypothesis import given
from hypothesis import strategies as st
from timbre_argilla.search.words import MAX_WORD_LENGTH, split_words


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
def test_text_is_split_into_words(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


def test_long_words_are_cut() -> None:
    assert split_words("x" * 1000) == ["x" * MAX_WORD_LENGTH]


@given(st.text())
def test_splitting_words_again_changes_nothing(text: str) -> None:
    words = split_words(text)
    assert split_words(" ".join(words)) == words


@given(st.text())
def test_words_contain_no_query_syntax(text: str) -> None:
    assert not [word for word in split_words(text) if set(word) & set(" \t\n\"'\\*()|&!:<>-_")]
