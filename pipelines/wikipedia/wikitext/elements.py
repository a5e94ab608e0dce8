"""Replace XML-like elements in one pass, even if many of them are never closed."""

import re
from collections.abc import Callable
from functools import cache

Replacement = Callable[[str, str], str]
"""A function that returns the replacement for an element, given its lower-case name and content."""


def replace_elements(text: str, names: str, replace: Replacement) -> str:
    """Replace each element `<name …>content</name>`; `names` lists the names, joined by `|`.

    The content of an element ends at the first closing tag. An element that is never closed isn't
    changed. For `<name …/>`, the content that `replace` receives is an empty string.
    """
    parts: list[str] = []
    end, unclosed = 0, set[str]()
    for opening in _opening(names).finditer(text):
        name = opening[1].lower()
        if opening.start() < end or name in unclosed:
            continue
        content = ""
        closed = opening.end()
        if not opening[0].endswith("/>"):
            closing = _closing(name).search(text, opening.end())
            if closing is None:
                unclosed.add(name)
                continue
            content, closed = text[opening.end() : closing.start()], closing.end()
        parts += [text[end : opening.start()], replace(name, content)]
        end = closed
    return "".join([*parts, text[end:]]) if parts else text


@cache
def _opening(names: str) -> re.Pattern[str]:
    return re.compile(rf"<({names})\b[^<>]*>", re.IGNORECASE)


@cache
def _closing(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}\s*>", re.IGNORECASE)
