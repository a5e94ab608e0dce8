"""Nested templates and links resolved in one pass, inner ones first."""

import re
from collections.abc import Callable

Resolver = Callable[[str], str]

_TOKEN = re.compile(r"(\{\{|\}\}|\[\[|\]\])")
_OPENED_BY = {"}}": "{{", "]]": "[["}


def resolve(text: str, template: Resolver, link: Resolver) -> str:
    """Replace every `{{…}}` and `[[…]]` by what its resolver makes of the text between.

    What an inner one came to is part of what its outer one is given. A bracket that nothing
    closes, or that closes nothing, is left out and the text beside it kept, so that one slip of
    an editor does not swallow the rest of a page.
    """
    resolvers = {"{{": template, "[[": link}
    opened: list[tuple[str, list[str]]] = [("", [])]
    found = _TOKEN.split(text)
    for before, token in zip(found[::2], found[1::2], strict=False):
        kind, pieces = opened[-1]
        pieces.append(before)
        if token in resolvers:
            opened.append((token, []))
        elif (wanted := _OPENED_BY[token]) == kind or _unwind(opened, wanted):
            kind, pieces = opened.pop()
            opened[-1][1].append(resolvers[kind]("".join(pieces)))
    opened[-1][1].append(found[-1])
    while len(opened) > 1:
        _flatten(opened)
    return "".join(opened[0][1])


def _unwind(opened: list[tuple[str, list[str]]], kind: str) -> bool:
    """Flatten what was opened inside the last bracket of a kind; False where there is none."""
    if opened[-1][0] == kind:
        return True
    if not any(name == kind for name, _ in opened):
        return False
    while opened[-1][0] != kind:
        _flatten(opened)
    return True


def _flatten(opened: list[tuple[str, list[str]]]) -> None:
    _, pieces = opened.pop()
    opened[-1][1].extend(pieces)
