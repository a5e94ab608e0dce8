"""Record ids: canonical JSON, its hash, and the fields that go into it."""

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import orjson  # five times as fast as rfc8785 alone, and every stored record needs its id
import rfc8785


def canonical(value: Any) -> str:
    """The canonical JSON (RFC 8785) of a plain value or a dataclass.

    Raises `ValueError` if the value has none: for NaN, an integer past 2⁵³, or a lone surrogate.
    """
    return _dump(_ordered(value)).decode()


def digest(text: str | bytes) -> str:
    """The SHA-256 of a text (as UTF-8) or of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def plain(value: Any) -> Any:
    """A record or field as a plain JSON value: dataclasses become objects, tuples lists."""
    kind: Any = type(value)
    if kind is str or value is None:
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        values = {name: plain(getattr(value, name)) for name in field_names(kind)}
        return _without_defaults(kind, values)
    return str(value) if isinstance(value, StrEnum) else value


def non_identity(default: Any) -> Any:
    """A dataclass field that travels with a record without being part of its id."""
    return field(default=default, metadata={"identity": False})


def optional(default: Any) -> Any:
    """A dataclass field that is left out of JSON when it has its default, a plain value.

    It can be added to a type without changing the ids of records that existed before.
    """
    return field(default=default, metadata={"optional": True})


def field_names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields."""
    return _field_names(kind)


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name != "_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something Timbre stores under the hash of its identity fields."""

    stored_type: ClassVar[str] = ""
    """The type's name in ids and stored rows if it differs from the class's name."""

    _id: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def type_name(cls) -> str:
        """The type's name in ids and stored rows."""
        return cls.stored_type or cls.__name__

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON of the record's type name and identity fields."""
        if not self._id:
            object.__setattr__(self, "_id", self.recompute_id())
        return self._id

    def recompute_id(self) -> str:
        """The id of the record's content, whatever id it is stored under."""
        kind: Any = type(self)
        identity = {
            name: kind.type_name() if name == "record" else _ordered(getattr(self, name))
            for name in _identity_names(kind)
        }
        return digest(_dump(identity))


@cache
def _identity_names(kind: Any) -> tuple[str, ...]:
    """The identity fields and "record", which holds the type's name, in canonical order."""
    names = [f.name for f in fields(kind) if f.name != "_id" and f.metadata.get("identity", True)]
    return tuple(sorted([*names, "record"]))


def _dump(ordered: Any) -> bytes:
    try:
        return orjson.dumps(ordered, option=orjson.OPT_STRICT_INTEGER)
    except TypeError as error:
        raise ValueError(f"This value has no canonical JSON: {error}.") from error


def _ordered(value: Any) -> Any:
    """A value with its keys in the order of RFC 8785 and its numbers in that format."""
    kind: Any = type(value)
    if kind is str or value is None:
        return value
    if kind is tuple or kind is list:
        return [_ordered(item) for item in value]
    names = _sorted_names(kind)
    if names:
        return _without_defaults(kind, {name: _ordered(getattr(value, name)) for name in names})
    if kind is dict and all(isinstance(key, str) for key in value):
        return {
            key: _ordered(value[key]) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))
        }
    return value if isinstance(value, StrEnum | int) else orjson.Fragment(rfc8785.dumps(value))


def _without_defaults(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a dataclass's fields, without `optional` ones that have their default."""
    for name, default in _optional_defaults(kind):
        if values[name] == default:
            del values[name]
    return values


@cache
def _optional_defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in fields(kind) if f.metadata.get("optional"))


@cache
def _sorted_names(kind: Any) -> tuple[str, ...]:
    """A dataclass's field names in canonical order; empty for other types."""
    return tuple(sorted(field_names(kind))) if hasattr(kind, "__dataclass_fields__") else ()
