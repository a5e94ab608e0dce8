"""Find JSON objects in a model's reply, and repair invalid JSON."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import json_repair

_MAX_OBJECTS = 200
_MAX_LENGTH = 100_000  # characters of an object to repair
_MAX_STARTS, _MAX_ENDS = 4, 4
_STRICT, _LENIENT = json.JSONDecoder(), json.JSONDecoder(strict=False)
_START = re.compile(r"\{\s*[\"'“]?(\w+)[\"'”]?\s*:")
_COMPLETE_END = re.compile(r"[\"'”\d\]}]\s*,?\s*[\]}\s,]*\}\Z")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrtbf])")
# Backslashes that JSON doesn't allow (50\%), or reads as control characters (\frac).
_ESCAPED_SIGN = re.compile(r"(?<!\\)((?:\\\\)*)\\([^\w\s\"\\/])")
_CONTROL_WORD = re.compile(r"(?<!\\)((?:\\\\)*)\\([bf][a-z])")


def find_objects(text: str, is_strict: bool = True) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text, including nested ones, in the order of their starts.

    If `is_strict` is false, strings in the JSON may contain line breaks.
    """
    decoder = _STRICT if is_strict else _LENIENT
    starts = [match.start() for match in re.finditer(r"\{", text)]
    for start in starts[-_MAX_OBJECTS:]:
        try:
            yield decoder.raw_decode(text, start)[0]
        except (ValueError, RecursionError):  # the latter if it is nested too deep
            continue


def tidy_object(text: str, keys: Sequence[str]) -> str:
    """Return the text, repaired if it doesn't contain a valid JSON object with these keys.

    If a repair would lose or add words, the text is returned unchanged.
    """
    text = _unquote(text)
    if _CONTROL_WORD.search(text) is None and _last(find_objects(text), keys):
        return text
    fixed = _CONTROL_WORD.sub(r"\1\\\\\2", _ESCAPED_SIGN.sub(r"\1\2", text))
    data = _last(find_objects(fixed, is_strict=False), keys) or _repair_last(fixed, keys)
    return json.dumps(data, ensure_ascii=False) if data else text


def _unquote(text: str) -> str:
    """Return the text inside a JSON string, because some models encode their reply twice."""
    try:
        inner = json.loads(text) if text.lstrip().startswith('"') else None
    except ValueError:
        inner = None
    return inner if isinstance(inner, str) else text


def _last(objects: Iterator[dict[str, Any]], keys: Sequence[str]) -> dict[str, Any] | None:
    complete = [data for data in objects if all(key in data for key in keys)]
    return complete[-1] if complete else None


def _repair_last(text: str, keys: Sequence[str]) -> dict[str, Any] | None:
    starts = [match.start() for match in _START.finditer(text) if match[1] in keys]
    ends = [match.end() for match in re.finditer(r"\}", text)]
    for start in reversed(starts[-_MAX_STARTS:]):
        for end in reversed(ends[-_MAX_ENDS:]):
            data = _repair(text[start:end])
            if data and all(key in data for key in keys):
                return data
    return None


def _repair(source: str) -> dict[str, Any] | None:
    """Repair a JSON object; return None if the repair would lose or add letters or digits.

    A repair has to guess where strings end, so text could get lost. An object that was cut off
    isn't repaired, because its text would be incomplete.
    """
    if len(source) > _MAX_LENGTH or not _COMPLETE_END.search(source):
        return None
    try:
        data = json_repair.loads(source)
        repaired = json.dumps(data, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(data, dict) and _letters(source) == _letters(repaired)
    return data if isinstance(data, dict) and is_whole else None


def _letters(text: str) -> str:
    """Return the letters and digits of a JSON text, with escape sequences decoded."""
    return "".join(character for character in _ESCAPE.sub(_decode, text) if character.isalnum())


def _decode(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else " "
