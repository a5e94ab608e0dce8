"""How a record is named: canonical JSON, its hash, and which fields go into it."""

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import orjson
import rfc8785


def canonical(value: Any) -> str:
    """The canonical JSON text (RFC 8785) of a plain value, or of what `plain` makes one of.

    It is what rfc8785 writes, many times as fast, since ids are made of it by the thousand. Raises
    `ValueError` if the value has no such text (NaN, an integer past 2⁵³, half a character).
    """
    return _dumped(_ordered(value)).decode()


def _dumped(ordered: Any) -> bytes:
    try:
        return orjson.dumps(ordered, option=orjson.OPT_STRICT_INTEGER)
    except TypeError as error:
        raise ValueError(f"found a value without canonical JSON ({error})") from error


def _ordered(value: Any) -> Any:
    """A value as orjson is to write it: names in the order of RFC 8785, numbers in its form."""
    kind: Any = type(value)
    if kind is str or value is None:
        return value
    if kind is tuple or kind is list:
        return [_ordered(item) for item in value]
    names = _sorted_names(kind)
    if names:
        return {name: _ordered(getattr(value, name)) for name in names}
    if kind is dict and all(isinstance(key, str) for key in value):
        return {
            key: _ordered(value[key]) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))
        }
    return value if isinstance(value, StrEnum | int) else orjson.Fragment(rfc8785.dumps(value))


@cache
def _sorted_names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields in the order of its JSON; none of any other type."""
    return tuple(sorted(field_names(kind))) if hasattr(kind, "__dataclass_fields__") else ()


def digest(text: str | bytes) -> str:
    """The SHA-256 of a text (as UTF-8) or of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def non_identity(default: Any) -> Any:
    """A dataclass field that travels with a record without being part of its identity."""
    return field(default=default, metadata={"identity": False})


def plain(value: Any) -> Any:
    """A record field as a plain JSON value: dataclasses become objects, tuples lists."""
    kind: Any = type(value)
    if kind is str or value is None:
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in field_names(kind)}
    return str(value) if isinstance(value, StrEnum) else value


def field_names(kind: Any, *, identity_only: bool = False) -> tuple[str, ...]:
    """The names of a dataclass's own fields, or of those alone that name a record."""
    return _field_names(kind, identity_only)


@cache
def _field_names(kind: Any, identity_only: bool) -> tuple[str, ...]:
    named = (f for f in fields(kind) if f.name != "_id")
    return tuple(f.name for f in named if f.metadata.get("identity", True) or not identity_only)


@cache
def _identity_names(kind: Any) -> tuple[str, ...]:
    """The identity fields and "record", the type's name, in the order of their JSON."""
    return tuple(sorted([*field_names(kind, identity_only=True), "record"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something Timbre keeps, named by the hash of its identity fields."""

    stored_type: ClassVar[str] = ""
    """The type's name in ids and stored rows where it isn't the class's name."""

    _id: str = field(default="", init=False, repr=False, compare=False)

    @classmethod
    def type_name(cls) -> str:
        """The type's name in ids and stored rows."""
        return cls.stored_type or cls.__name__

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON of the record's type name and identity fields."""
        if not self._id:
            object.__setattr__(self, "_id", self.named_anew())
        return self._id

    def named_anew(self) -> str:
        """The id that follows from the record's content now, whatever it is stored under."""
        kind: Any = type(self)
        named = {
            name: kind.type_name() if name == "record" else _ordered(getattr(self, name))
            for name in _identity_names(kind)
        }
        return digest(_dumped(named))

    def identity(self) -> dict[str, Any]:
        """The type name and identity fields as a plain JSON object, which names the record."""
        kind = type(self)
        named = {n: plain(getattr(self, n)) for n in field_names(kind, identity_only=True)}
        return {"record": kind.type_name(), **named}
