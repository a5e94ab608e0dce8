"""Encode and decode JSON with orjson, or with Python's `json` for values that orjson rejects."""

import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Encode a value as JSON in UTF-8, including large integers and lone surrogates."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def loads(text: str | bytes) -> Any:
    """Decode JSON, including NaN and lone surrogates, which orjson rejects."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
