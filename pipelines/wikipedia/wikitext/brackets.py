"""Render nested templates and links in a single pass, from the inside out."""

import re
from collections.abc import Callable

_Renderer = Callable[[str], str]

_TOKEN = re.compile(r"(\{\{|\}\}|\[\[|\]\])")
_OPENING = {"}}": "{{", "]]": "[["}


def render_brackets(text: str, render_template: _Renderer, render_link: _Renderer) -> str:
    """Replace each `{{…}}` and `[[…]]` with the result of its renderer for the text inside.

    Outer renderers receive the output of inner ones. An unmatched bracket is dropped but its text
    is kept, so that an editor's typo doesn't remove the rest of the page.
    """
    renderers = {"{{": render_template, "[[": render_link}
    stack: list[tuple[str, list[str]]] = [("", [])]  # opening brackets, and the text after each
    tokens = _TOKEN.split(text)
    for before, token in zip(tokens[::2], tokens[1::2], strict=False):
        kind, pieces = stack[-1]
        pieces.append(before)
        if token in renderers:
            stack.append((token, []))
        elif (opening := _OPENING[token]) == kind or _unwind(stack, opening):
            kind, pieces = stack.pop()
            stack[-1][1].append(renderers[kind]("".join(pieces)))
    stack[-1][1].append(tokens[-1])
    return "".join(piece for _, pieces in stack for piece in pieces)


def _unwind(stack: list[tuple[str, list[str]]], opening: str) -> bool:
    """Drop the brackets above the last bracket of a kind.

    Returns False if no such bracket is open.
    """
    position = len(stack) - 1
    while position and stack[position][0] != opening:
        position -= 1
    if not position:
        return False
    stack[position][1].extend(piece for _, pieces in stack[position + 1 :] for piece in pieces)
    del stack[position + 1 :]
    return True
