"""Encode and decode JSON with orjson, or with Python's `json` for values that orjson rejects."""

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Encode a value as UTF-8.

    Python's `json` encodes lone surrogates and large integers, which orjson rejects.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def loads(text: str | bytes) -> Any:
    """Decode JSON. Python's `json` decodes NaN and lone surrogates, which orjson rejects."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
