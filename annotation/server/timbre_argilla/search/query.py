"""Parse search queries in the syntax of Elasticsearch's `simple_query_string`.

All words of a query must match. `"a b"` matches a phrase, `-word` excludes a word, `one | other`
matches either word, `wor*` matches a prefix, and parentheses group subqueries. As in Elasticsearch,
there are no syntax errors: operators without an operand, and groups nested more than six levels
deep, are ignored. Operators have equal precedence and are evaluated from left to right. Fuzziness
(`word~2`) is ignored.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from timbre_argilla.search.words import split_words


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive words in one field; if `prefix` is true, the last word may be incomplete."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """A negation, which matches the records that its subquery doesn't match."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """Subqueries that must all match, possibly in different fields."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Subqueries of which at least one must match."""

    parts: tuple["Query", ...]


Query: TypeAlias = Phrase | Not | And | Or

MAX_CHARACTERS = 10_000
MAX_WORDS = 500
MAX_PREFIXES = 20
"""The limit is low, because a one-letter prefix takes as long as hundreds of words."""
MAX_DEPTH = 6
"""The limit on nested groups, and on changes between *and* and *or* within a group.

The databases support a few dozen.
"""

_TOKEN = re.compile(
    r"""
      "(?P<phrase>(?:\\.|[^"\\])*)"(?:~\d*)?
    | (?P<sign>[|+()"])
    | (?P<word>(?:\\.|[^\s|+()"\\])+)
    | \s+ | \\
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FUZZINESS = re.compile(r"~\d*$")


def check_size(text: str) -> None:
    """Check that a query is small enough for the database to answer within seconds.

    Raises `ValueError` if the query is too large.
    """
    for name, count, limit in (
        ("characters", len(text), MAX_CHARACTERS),
        ("words", len(split_words(text[:MAX_CHARACTERS])), MAX_WORDS),
        ("asterisks", text.count("*"), MAX_PREFIXES),
    ):
        if count > limit:
            raise ValueError(
                f"The query has {count:,} {name}, but the limit is {limit:,}. Shorten the query."
            )


def parse(text: str) -> Query | None:
    """Parse a query, or return None if it contains no words and therefore matches nothing."""
    return _Parser(text).parse()


class _Group:
    """The parser's state inside a pair of parentheses or at the top level of a query.

    The state consists of the subqueries parsed so far and the operator before the next subquery.
    """

    def __init__(self, is_negated: bool) -> None:
        self.is_negated = is_negated
        self._operator = ""
        self._kind: type[And] | type[Or] = And
        self._parts: list[Query] = []
        self._changes = 0

    def add(self, part: Query) -> None:
        kind = Or if self._operator == "|" else And
        self._operator = ""
        if not self._parts and isinstance(part, And | Or):
            self._kind, self._parts = type(part), list(part.parts)
            return
        if len(self._parts) == 1:
            self._kind = kind
        elif self._parts and kind is not self._kind and self._changes < MAX_DEPTH:
            self._changes += 1
            self._kind, self._parts = kind, [self._kind(tuple(self._parts))]
        self._parts.append(part)

    def set_operator(self, sign: str) -> None:
        if self._parts and not self._operator:
            self._operator = sign

    def build(self) -> Query | None:
        if len(self._parts) > 1:
            return self._kind(tuple(self._parts))
        return self._parts[0] if self._parts else None


class _Parser:
    """A query parser that reads the query once and keeps a stack of open groups."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._groups = [_Group(is_negated=False)]
        self._is_negated = False

    def parse(self) -> Query | None:
        for token in _TOKEN.finditer(self._text):
            if token["phrase"] is not None:
                self._add(split_words(_ESCAPE.sub(r"\1", token["phrase"])))
            elif token["word"] is not None:
                self._parse_word(token["word"])
            elif token["sign"] is not None:
                self._parse_sign(token["sign"])
        while len(self._groups) > 1:
            self._close_group()
        return self._groups[0].build()

    def _parse_word(self, raw: str) -> None:
        bare = raw.lstrip("-")
        if (len(raw) - len(bare)) % 2:
            self._is_negated = not self._is_negated
        if not bare:
            return
        prefix = bare.endswith("*") and not bare.endswith("\\*")
        self._add(split_words(_FUZZINESS.sub("", _ESCAPE.sub(r"\1", bare))), prefix)

    def _parse_sign(self, sign: str) -> None:
        group = self._groups[-1]
        if sign == "(" and len(self._groups) <= MAX_DEPTH:
            self._groups.append(_Group(self._is_negated))
            self._is_negated = False
        elif sign == ")" and len(self._groups) > 1:
            self._close_group()
        elif sign in "+|":
            group.set_operator(sign)

    def _close_group(self) -> None:
        group = self._groups.pop()
        self._is_negated = False
        if query := group.build():
            self._groups[-1].add(Not(query) if group.is_negated else query)

    def _add(self, words: list[str], prefix: bool = False) -> None:
        is_negated, self._is_negated = self._is_negated, False
        if words:
            phrase = Phrase(tuple(words), prefix)
            self._groups[-1].add(Not(phrase) if is_negated else phrase)
