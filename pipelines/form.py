"""A TOML file read like a form: into a frozen dataclass, an unknown key being an error."""

import tomllib
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pipelines.storable import is_storable

T = TypeVar("T")
_MOST = 2**53
"""Whole numbers from here on are not what they were once they are written as JSON."""


class FormError(ValueError):
    """A file that does not say what it must: what was found, what was expected, what to do."""


def read_form(kind: type[T], path: Path) -> T:
    """The file as an instance of a dataclass whose fields are the keys it may hold.

    Raises `FormError` if the file is missing, is no TOML, lacks a key, or has an unknown one.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormError(
            f"found {path} that cannot be read ({error.strerror}), expected a TOML file; "
            "check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormError(f"found {path} to be no TOML ({error}); correct the file") from error
    return fill(kind, data, str(path))


def fill(kind: type[T], data: dict[str, Any], where: str) -> T:
    """A dataclass filled from a table of the file; `where` names the table in errors.

    Raises `FormError` if a key is unknown, missing, or of another type than its field.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type] # T is a dataclass
    if unknown := sorted(set(data) - set(known)):
        raise FormError(
            f"found the unknown key “{unknown[0]}” in {where}, expected one of {', '.join(known)}"
        )
    required = [
        n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING
    ]
    if missing := [name for name in required if name not in data]:
        raise FormError(f"found no “{missing[0]}” in {where}, expected it; add it")
    hints = get_type_hints(kind)
    return kind(**{key: _value(hints[key], v, f"“{key}” in {where}") for key, v in data.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is UnionType:
        hint = next(option for option in get_args(hint) if option is not NoneType)
    if is_dataclass(hint):
        _expect(value, dict, "a table", where)
        return fill(hint, value, where)  # type: ignore[arg-type] # hint is a dataclass type
    if get_origin(hint) is tuple:
        _expect(value, list, "a list", where)
        inner = get_args(hint)[0]
        return tuple(_value(inner, item, f"{where} no. {n}") for n, item in enumerate(value, 1))
    _check_kept(value, where)
    expected = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    if hint is float and type(value) is int:
        return float(value)
    _expect(value, hint, expected[hint], where)
    return value


def _check_kept(value: Any, where: str) -> None:
    """Refuse what would not be the same wherever it is kept."""
    if isinstance(value, str) and not is_storable(value):
        raise FormError(f"found a NUL or half a character in {where}, expected text; take it out")
    if isinstance(value, (int, float)) and not abs(value) < _MOST:
        raise FormError(f"found no usable number for {where}, expected one nearer 0; correct it")


def _expect(value: Any, kind: type, words: str, where: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise FormError(f"found {value!r} for {where}, expected {words}; correct the value")
