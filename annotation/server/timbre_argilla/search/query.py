"""What people type into the search box, as Elasticsearch's `simple_query_string` reads it.

Words must all be found; `"a phrase"` in this order; `-word` not at all; `one | other` either;
`wor*` anything that begins so; `( )` group. As there, nothing that can be typed is an error: a
sign that makes no sense, or nests deeper than six, is read past. Operators are taken from left to
right, none before another. Left out: fuzziness (`word~2`), which is read as the plain word.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from timbre_argilla.search.words import words


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row within one field; the last may be the beginning of a longer one."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be found."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """What must all be found, if need be in different fields."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What must be found at least once."""

    parts: tuple["Query", ...]


Query: TypeAlias = Phrase | Not | And | Or

DEEPEST = 6
"""Groups within groups, and turns from *and* to *or* within one; the databases take some dozens."""

_TOKEN = re.compile(
    r"""
      "(?P<phrase>(?:\\.|[^"\\])*)"(?:~\d*)?
    | (?P<sign>[|+()"])
    | (?P<word>(?:\\.|[^\s|+()"\\])+)
    | \s+ | \\
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FUZZY = re.compile(r"~\d*$")


def parse(text: str) -> Query | None:
    """Read a query; None when it holds no word, and so finds nothing."""
    return _Reader(text).read()


class _Group:
    """One pair of parentheses, or the whole: what was read, and the sign before what comes."""

    def __init__(self, negated: bool) -> None:
        self.read: Query | None = None
        self.sign = ""
        self.negated = negated
        self._turns = 0

    def add(self, part: Query) -> None:
        if self.read is None:
            self.read = part
        else:
            self.read = _joined(self._kind(), self.read, part)
        self.sign = ""

    def _kind(self) -> type[And] | type[Or]:
        wanted = Or if self.sign == "|" else And
        if isinstance(self.read, And | Or) and not isinstance(self.read, wanted):
            if self._turns == DEEPEST:
                return type(self.read)
            self._turns += 1
        return wanted


class _Reader:
    """Walks over the tokens once, with a stack of open groups."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open = [_Group(negated=False)]
        self._negated = False

    def read(self) -> Query | None:
        for token in _TOKEN.finditer(self._text):
            if token["phrase"] is not None:
                self._add(tuple(words(_ESCAPED.sub(r"\1", token["phrase"]))))
            elif token["word"] is not None:
                self._word(token["word"])
            elif token["sign"] is not None:
                self._sign(token["sign"])
        while len(self._open) > 1:
            self._close()
        return self._open[0].read

    def _word(self, raw: str) -> None:
        bare = raw.lstrip("-")
        if (len(raw) - len(bare)) % 2:
            self._negated = not self._negated
        if not bare:
            return
        prefix = bare.endswith("*") and not bare.endswith("\\*")
        found = words(_FUZZY.sub("", _ESCAPED.sub(r"\1", bare)))
        self._add(tuple(found), prefix)

    def _sign(self, sign: str) -> None:
        group = self._open[-1]
        if sign == "(" and len(self._open) <= DEEPEST:
            self._open.append(_Group(self._negated))
            self._negated = False
        elif sign == ")" and len(self._open) > 1:
            self._close()
        elif sign in "+|" and group.read is not None and not group.sign:
            group.sign = sign

    def _close(self) -> None:
        group = self._open.pop()
        self._negated = False
        if group.read is not None:
            self._open[-1].add(Not(group.read) if group.negated else group.read)

    def _add(self, found: tuple[str, ...], prefix: bool = False) -> None:
        negated, self._negated = self._negated, False
        if found:
            phrase = Phrase(found, prefix)
            self._open[-1].add(Not(phrase) if negated else phrase)


def _joined(kind: type[And] | type[Or], left: Query, right: Query) -> Query:
    return kind((*left.parts, right)) if isinstance(left, kind) else kind((left, right))
