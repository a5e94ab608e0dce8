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
    unmatched bracket stays in the text, as on the page, so that an editor's typo affects only its
    passage. If brackets are nested deeper than MediaWiki allows, a marker replaces the innermost.
    """
    renderers = {"{{": render_template, "[[": render_link}
    stack: list[tuple[str, list[str]]] = [("", [])]  # opening brackets, and the text after each
    open_count = {"{{": 0, "[[": 0}
    tokens = _TOKEN.split(text)
    excess = 0  # open brackets that are nested too deeply
    for before, token in zip(tokens[::2], tokens[1::2], strict=False):
        stack[-1][1].append(before)
        if excess or (token in renderers and len(stack) > _MAX_DEPTH):
            stack[-1][1].append(token if excess else hole("nested too deeply"))
            excess += 1 if token in renderers else -1
        elif token in renderers:
            stack.append((token, []))
            open_count[token] += 1
        elif open_count[opening := _OPENING[token]]:
            _unwind(stack, opening, open_count)
            kind, pieces = stack.pop()
            open_count[kind] -= 1
            stack[-1][1].append(renderers[kind]("".join(pieces)))
        else:
            stack[-1][1].append(token)
    stack[-1][1].append(tokens[-1])
    return "".join(piece for kind, pieces in stack for piece in (kind, *pieces))


def _unwind(stack: list[tuple[str, list[str]]], opening: str, open_count: dict[str, int]) -> None:
    """Put unmatched brackets after the last open bracket of a kind back into the text."""
    while stack[-1][0] != opening:
        kind, pieces = stack.pop()
        open_count[kind] -= 1
        stack[-1][1].extend((kind, *pieces))
