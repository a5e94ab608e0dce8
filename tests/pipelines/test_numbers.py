import pytest

from pipelines.text.numbers import find_missing_numbers, find_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("four thousand years, or 4,000", {"4000"}),
        ("the nineteenth century, which is the 19th", {"19"}),
        ("3.5 million people in the 1990s", {"3500000", "1990"}),
        ("the twenty-first of May", {"21"}),
        ("a hundred and six fogs, forty-two of them thick", {"106", "42"}),
        ("400 million tonnes", {"400000000"}),
        ("seventy-six million three hundred thousand", {"76300000"}),
        ("two thousand and five", {"2005"}),
        ("at 5:30, a ratio of 12.5", {"5:30", "12.5"}),
        ("one, two, three", {"1", "2", "3"}),
        ("between nine and five, or ten and twelve", {"9", "5", "10", "12"}),
        ("nineteen twelve, then thirty five", {"19", "12", "35"}),
        ("one hundred and two hundred, a thousand and two hundred", {"100", "200", "1200"}),
        ("nine and twenty-five, five hundred and twelve", {"9", "25", "512"}),
        ("the first half, the second half, and thousands more", set()),
        ("nobody, often, tension", set()),
    ],
)
def test_numbers_are_found_in_digits_and_words(text: str, numbers: set[str]) -> None:
    assert find_numbers(text) == numbers


@pytest.mark.parametrize(
    ("language", "text", "source", "missing"),
    [
        ("en", "4,000 or 12", "four thousand", {"12"}),
        ("de", "elf Bögen, 12 Pfeiler", "11 Bögen, zwölf Pfeiler", set()),
        ("de", "1867 und 13", "im Jahr 1.867 gab es zwölf", {"13"}),
        ("fr", "4 000 ponts, 80 arches", "4\u202f000 ponts, quatre-vingts arches", set()),
        ("es", "31 y 5", "treinta y uno", {"5"}),
        ("it", "tu sei 23", "ventitré", set()),
        ("nl", "21 bruggen", "eenentwintig bruggen", set()),
        ("xx", "7 of 8", "7", {"8"}),
    ],
)
def test_missing_numbers(language: str, text: str, source: str, missing: set[str]) -> None:
    assert find_missing_numbers(text, source, language) == missing
