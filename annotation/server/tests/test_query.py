import sqlite3
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timbre_argilla.search.fulltext import fts5
from timbre_argilla.search.query import And, Not, Or, Phrase, Query, check_size, parse


def phrase(*words: str, prefix: bool = False) -> Phrase:
    return Phrase(words, prefix)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word", phrase("word")),
        ("two words", And((phrase("two"), phrase("words")))),
        ("+two +words", And((phrase("two"), phrase("words")))),
        ('"two words" more', And((phrase("two", "words"), phrase("more")))),
        ("one|two", Or((phrase("one"), phrase("two")))),
        ("-word", Not(phrase("word"))),
        ("--word", phrase("word")),
        ('-"two words"', Not(phrase("two", "words"))),
        ("-(a | b)", Not(Or((phrase("a"), phrase("b"))))),
        ("wor*", phrase("wor", prefix=True)),
        ("wor\\*", phrase("wor")),
        ("state-of-the*", phrase("state", "of", "the", prefix=True)),
        ("Café~2", phrase("cafe")),
        ("a b | c", Or((And((phrase("a"), phrase("b"))), phrase("c")))),
        ("a | b c", And((Or((phrase("a"), phrase("b"))), phrase("c")))),
        ("a (b | c)", And((phrase("a"), Or((phrase("b"), phrase("c")))))),
        ("(a", phrase("a")),
        ("a)", phrase("a")),
        ('"a b', And((phrase("a"), phrase("b")))),
        ("| a", phrase("a")),
        ("a |", phrase("a")),
        ("a + | b", And((phrase("a"), phrase("b")))),
        ("a & b", And((phrase("a"), phrase("b")))),
        ("東京", phrase("東", "京")),
        ('\\"quoted\\"', phrase("quoted")),
        ("", None),
        ("*", None),
        ("-", None),
        ('""', None),
        ("()", None),
    ],
)
def test_a_query_is_parsed_like_elasticsearch(text: str, expected: Query | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x" * 10_001, "10,001 characters, but the limit is 10,000"),
        ("ab " * 501, "501 words, but the limit is 500"),
        ("a* " * 21, "21 asterisks, but the limit is 20"),
    ],
)
def test_queries_that_are_too_large_are_rejected(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        check_size(text)


def test_the_largest_queries_are_accepted() -> None:
    check_size("x" * 10_000)
    check_size("ab " * 480 + "a* " * 20)


@pytest.mark.parametrize("text", ["a* ", "a | b c ", "-a (b "])
def test_parsing_takes_linear_time(text: str) -> None:
    def measure(times: int) -> float:
        start = time.process_time()
        parse(text * times)
        return time.process_time() - start

    # Twenty times the text takes twenty times as long; joining tuples took four hundred.
    assert min(measure(20_000) for _ in range(3)) < 80 * min(measure(1_000) for _ in range(3))


@given(st.text(alphabet='ab "-|+()*~\\é東'))
def test_no_input_is_a_syntax_error(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a",
        "(a -(b | " * 1000 + "c",
        "a b | " * 1000,
        "(" * 1000 + "a b | c) d | " * 1000,
        "-(a b | -(c d | " * 1000,
        "a " * 3000,
        "a* | " * 3000,
        "-a " * 3000,
        '\x00 \ud800 " OR 1=1 NEAR(a b) {a}: ^a',
    ],
    ids=lambda text: text[:12],
)
def test_sqlite_accepts_any_input(text: str) -> None:
    query = parse(text)
    assert query is not None
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5 (words)")
        match = fts5(query, "d0", ["text", "chat", "more"])
        assert db.execute("SELECT * FROM t WHERE t MATCH ?", [match]).fetchall() == []


def test_a_word_repeated_very_often_doesnt_hide_the_next_in_postgresql() -> None:
    from timbre_argilla.search.textindex import _tsvector

    _, often, last = _tsvector("d0", {"text": [["often"] * 600_000 + ["last"]]}).split(" ")
    assert often.count(",") == 254
    assert "last':" in last
