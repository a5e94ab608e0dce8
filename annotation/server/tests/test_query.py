import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timbre_argilla.search.fulltext import fts5
from timbre_argilla.search.query import And, Not, Or, Phrase, Query, parse


def one(*words: str, prefix: bool = False) -> Phrase:
    return Phrase(words, prefix)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word", one("word")),
        ("two words", And((one("two"), one("words")))),
        ("+two +words", And((one("two"), one("words")))),
        ('"two words" more', And((one("two", "words"), one("more")))),
        ("one|two", Or((one("one"), one("two")))),
        ("-word", Not(one("word"))),
        ("--word", one("word")),
        ('-"two words"', Not(one("two", "words"))),
        ("-(a | b)", Not(Or((one("a"), one("b"))))),
        ("wor*", one("wor", prefix=True)),
        ("wor\\*", one("wor")),
        ("state-of-the*", one("state", "of", "the", prefix=True)),
        ("Café~2", one("cafe")),
        ("a b | c", Or((And((one("a"), one("b"))), one("c")))),
        ("a | b c", And((Or((one("a"), one("b"))), one("c")))),
        ("a (b | c)", And((one("a"), Or((one("b"), one("c")))))),
        ("(a", one("a")),
        ("a)", one("a")),
        ('"a b', And((one("a"), one("b")))),
        ("| a", one("a")),
        ("a |", one("a")),
        ("a + | b", And((one("a"), one("b")))),
        ("a & b", And((one("a"), one("b")))),
        ("東京", one("東", "京")),
        ('\\"quoted\\"', one("quoted")),
        ("", None),
        ("*", None),
        ("-", None),
        ('""', None),
        ("()", None),
    ],
)
def test_a_query_is_read_as_elasticsearch_reads_it(text: str, expected: Query | None) -> None:
    assert parse(text) == expected


@given(st.text(alphabet='ab "-|+()*~\\é東'))
def test_nothing_that_can_be_typed_is_an_error(text: str) -> None:
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
def test_whatever_is_typed_sqlite_takes(text: str) -> None:
    query = parse(text)
    assert query is not None
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5 (words)")
        asked = fts5(query, "d0", ["text", "chat", "more"])
        assert db.execute("SELECT * FROM t WHERE t MATCH ?", [asked]).fetchall() == []
