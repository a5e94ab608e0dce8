"""Escape text for Argilla's web UI.

Argilla inserts field texts, question descriptions and some names into its pages as HTML, and
renders guidelines as Markdown that may contain HTML. Titles, labels, answers and metadata don't
need to be escaped, because Argilla inserts them as text.
"""

import re
import sys
from html import escape, unescape
from typing import Any

from annotation.errors import AnnotationError

unescape_html = unescape
# If they aren't escaped, `:`, `@` and `www.` create links, which swallow the entities after them.
_MARKDOWN = re.compile(r"[\\`*_\[\]{}<>&~|$#!:@]|(?<=[wW]{3})\.")


def escape_html(text: str, limit: int = sys.maxsize) -> str:
    """Escape text so that a browser displays it unchanged; `unescape_html` restores the text.

    If the escaped text would be longer than `limit`, the text is truncated first.
    """
    while len(escape(text, quote=False)) > limit:
        text = text[:-1]
    return escape(text, quote=False)


def escape_markdown(value: Any) -> str:
    """Replace special Markdown characters with HTML entities, so that they display unchanged."""
    return _MARKDOWN.sub(lambda match: f"&#{ord(match.group())};", str(value))


def check_name(kind: str, name: str) -> None:
    """Raise `AnnotationError` if a name contains HTML that the web UI would interpret."""
    if unescape_html(name) != name or "<" in name:
        raise AnnotationError(
            f"The {kind} name “{name}” contains HTML, which Argilla's web UI would interpret. "
            "Choose another name."
        )
