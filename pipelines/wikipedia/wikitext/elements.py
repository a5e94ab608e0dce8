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


def replace_nested(
    text: str, names: str, replace: Replacement, attributes: re.Pattern[str] | None = None
) -> str:
    """Replace the outermost elements, which can contain others of the same name.

    If `attributes` is given, the opening tag must contain it. An element that is never closed stays
    as it is.
    """
    parts: list[str] = []
    end = 0
    for opening, closing in _pairs(text, names):
        if opening.start() < end or (attributes and not attributes.search(opening[0])):
            continue
        content = text[opening.end() : closing.start()]
        parts += [text[end : opening.start()], replace(opening[2].lower(), content)]
        end = closing.end()
    return "".join([*parts, text[end:]]) if parts else text


def _pairs(text: str, names: str) -> list[tuple[re.Match[str], re.Match[str]]]:
    """The opening and closing tags that belong together, in the order of their opening tags."""
    open_tags: dict[str, list[re.Match[str]]] = {}
    pairs: list[tuple[re.Match[str], re.Match[str]]] = []
    for tag in _tag(names).finditer(text):
        if tag[0].endswith("/>"):
            continue
        stack = open_tags.setdefault(tag[2].lower(), [])
        if not tag[1]:
            stack.append(tag)
        elif stack:
            pairs.append((stack.pop(), tag))
    return sorted(pairs, key=lambda pair: pair[0].start())


@cache
def _opening(names: str) -> re.Pattern[str]:
    return re.compile(rf"<({names})\b[^<>]*>", re.IGNORECASE)


@cache
def _closing(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}\s*>", re.IGNORECASE)


@cache
def _tag(names: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?)({names})\b[^<>]*>", re.IGNORECASE)
