"""Render nested templates and links in a single pass, from the inside out."""

import re
from collections.abc import Callable

from pipelines.wikipedia.wikitext.markers import hole

_Renderer = Callable[[str], str]

_TOKEN = re.compile(r"(\{\{|\}\}|\[\[|\]\])")
_MAX_DEPTH = 200
_OPENING = {"}}": "{{", "]]": "[["}


def render_brackets(text: str, render_template: _Renderer, render_link: _Renderer) -> str:
    """Replace each `{{…}}` and `[[…]]` with what its renderer returns for the text inside.

    Inner brackets are rendered first, and the renderers of outer brackets receive the result. An
    unmatched bracket is dropped but its text is kept, so that an editor's typo doesn't remove the
    rest of the page. If brackets are nested deeper than MediaWiki allows, a marker replaces the
    whole text.
    """
    renderers = {"{{": render_template, "[[": render_link}
    stack: list[tuple[str, list[str]]] = [("", [])]  # opening brackets, and the text after each
    open_count = {"{{": 0, "[[": 0}
    tokens = _TOKEN.split(text)
    for before, token in zip(tokens[::2], tokens[1::2], strict=False):
        stack[-1][1].append(before)
        if token in renderers:
            if len(stack) > _MAX_DEPTH:
                return hole("nested too deeply")
            stack.append((token, []))
            open_count[token] += 1
        elif open_count[opening := _OPENING[token]]:
            _unwind(stack, opening, open_count)
            kind, pieces = stack.pop()
            open_count[kind] -= 1
            stack[-1][1].append(renderers[kind]("".join(pieces)))
    stack[-1][1].append(tokens[-1])
    return "".join(piece for _, pieces in stack for piece in pieces)


def _unwind(stack: list[tuple[str, list[str]]], opening: str, open_count: dict[str, int]) -> None:
    """Drop unmatched brackets after the last open bracket of a kind, and keep their text."""
    while stack[-1][0] != opening:
        kind, pieces = stack.pop()
        open_count[kind] -= 1
        stack[-1][1].extend(pieces)
