"""JSON with orjson, and with Python's own library what orjson refuses."""

import json
from typing import Any

import orjson


def dumped(value: Any) -> bytes:
    """A value as JSON text in UTF-8; half a character or a number past 64 bits as Python has it."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def loaded(text: str | bytes) -> Any:
    """The value of a JSON text, be it one that Python alone takes (NaN, half a character)."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
