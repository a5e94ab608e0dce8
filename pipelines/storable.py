"""Texts as a database takes them: without NUL, and without half a character of UTF-16."""

from typing import Any


def storable(text: str) -> str:
    """A text with a mark (�) for what no database takes: NUL, and half a character of UTF-16."""
    try:
        text.encode()
    except UnicodeEncodeError:  # two halves that belong together become the character
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")


def is_storable(value: Any) -> bool:
    """Whether no text in a JSON value would have to be marked."""
    if isinstance(value, str):
        return storable(value) == value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(is_storable(part) for part in parts)
