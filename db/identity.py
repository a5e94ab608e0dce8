"""Compute record ids, which are SHA-256 hashes of the identity fields in canonical JSON."""

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import orjson  # five times faster than rfc8785 alone, and every stored record needs an id
import rfc8785


def canonical(value: Any) -> str:
    """Serialize a plain value or a dataclass as canonical JSON (RFC 8785).

    Raises `ValueError` if the value can't be represented, such as NaN, an integer above 2⁵³, or a
    lone surrogate.
    """
    return _dump(_ordered(value)).decode()


def digest(text: str | bytes) -> str:
    """The SHA-256 hash of bytes or of UTF-8 text, as 64 hex digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def plain(value: Any) -> Any:
    """Convert a record or field to plain JSON: dataclasses to objects, and tuples to lists."""
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
    """Declare a dataclass field that is stored with a record but excluded from its id."""
    return field(default=default, metadata={"identity": False})


def optional(default: Any) -> Any:
    """Declare a dataclass field that is omitted from JSON if its value equals the default.

    An optional field can be added to a record type without changing the ids of existing records.
    """
    return field(default=default, metadata={"optional": True})


def field_names(kind: Any) -> tuple[str, ...]:
    """The names of the fields of a dataclass."""
    return _field_names(kind)


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name != "_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The base class of all stored records, each identified by a hash of its identity fields."""

    stored_type: ClassVar[str] = ""
    """The type name in ids and stored rows, if it isn't the class name."""

    _id: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def type_name(cls) -> str:
        """The name of the type as it appears in ids and stored rows."""
        return cls.stored_type or cls.__name__

    @property
    def id(self) -> str:
        """The SHA-256 hash of the record's type name and identity fields as canonical JSON."""
        if not self._id:
            object.__setattr__(self, "_id", self.recompute_id())
        return self._id

    def recompute_id(self) -> str:
        """Compute the id from the record's content, even if the record has another stored id."""
        kind: Any = type(self)
        identity = {
            name: kind.type_name() if name == "record" else _ordered(getattr(self, name))
            for name in _identity_names(kind)
        }
        return digest(_dump(identity))


@cache
def _identity_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the identity fields, and "record" for the type, in canonical order."""
    names = [f.name for f in fields(kind) if f.name != "_id" and f.metadata.get("identity", True)]
    return tuple(sorted([*names, "record"]))


def _dump(ordered: Any) -> bytes:
    try:
        return orjson.dumps(ordered, option=orjson.OPT_STRICT_INTEGER)
    except TypeError as error:
        raise ValueError(f"The value can't be written as canonical JSON: {error}.") from error


def _ordered(value: Any) -> Any:
    """Sort the keys of a value and format its numbers according to RFC 8785."""
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
    """Return the field values of a dataclass, leaving out optional fields with default values."""
    for name, default in _optional_defaults(kind):
        if values[name] == default:
            del values[name]
    return values


@cache
def _optional_defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in fields(kind) if f.metadata.get("optional"))


@cache
def _sorted_names(kind: Any) -> tuple[str, ...]:
    """The field names of a dataclass in canonical order, or an empty tuple for other types."""
    return tuple(sorted(field_names(kind))) if hasattr(kind, "__dataclass_fields__") else ()
