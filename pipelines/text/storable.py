"""Remove characters that databases reject: NUL and unpaired UTF-16 surrogates."""

from typing import Any


def make_storable(text: str) -> str:
    """Replace NUL characters and unpaired surrogates with “�”."""
    try:
        text.encode()
    except UnicodeEncodeError:  # a surrogate pair becomes the character that it represents
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd")


def is_storable(value: Any) -> bool:
    """Return whether databases accept all strings in a JSON value."""
    if isinstance(value, str):
        return make_storable(value) == value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(is_storable(part) for part in parts)
