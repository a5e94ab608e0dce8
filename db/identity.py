"""How a record is named: canonical JSON, its hash, and which fields go into it."""

import hashlib
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from json.encoder import encode_basestring
from typing import Any

import rfc8785


def canonical(value: Any) -> str:
    """The canonical JSON text (RFC 8785) of a plain value, or of what `plain` makes one of.

    It is what rfc8785 writes, several times as fast, since ids are made of it by the thousand.
    Raises `ValueError` if the value has no such text (NaN, an integer past 2⁵³); half a character
    is found when the text is turned into bytes.
    """
    kind: Any = type(value)
    if kind is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(canonical, value))}]"
    names = _sorted_names(kind)
    if names:
        written = [f"{key}{canonical(getattr(value, name))}" for name, key in names]
        return f"{{{','.join(written)}}}"
    if kind is dict and all(isinstance(key, str) for key in value):
        items = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        written = [f"{encode_basestring(key)}:{canonical(held)}" for key, held in items]
        return f"{{{','.join(written)}}}"
    return encode_basestring(value) if isinstance(value, StrEnum) else _scalar(value)


def _scalar(value: Any) -> str:
    return rfc8785.dumps(value).decode()


@cache
def _sorted_names(kind: Any) -> tuple[tuple[str, str], ...]:
    """The names of a dataclass's fields in the order of its JSON, with each as it stands there."""
    names = field_names(kind) if hasattr(kind, "__dataclass_fields__") else ()
    return tuple((name, f'"{name}":') for name in sorted(names))


def digest(text: str | bytes) -> str:
    """The SHA-256 of a text (as UTF-8) or of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def beside(default: Any) -> Any:
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
def _identity_names(kind: Any) -> tuple[tuple[str, str], ...]:
    """The identity fields as `_sorted_names` has them, the type's name among them."""
    names = [(name, f'"{name}":') for name in field_names(kind, identity_only=True)]
    return tuple(sorted([*names, ("", f'"record":"{kind.__name__}"')], key=lambda n: n[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something Timbre keeps, named by the hash of its identity fields."""

    _id: str = field(default="", init=False, repr=False, compare=False)

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON of the record's type name and identity fields."""
        if not self._id:
            object.__setattr__(self, "_id", self.named_anew())
        return self._id

    def named_anew(self) -> str:
        """The id that follows from the record's content now, whatever it is stored under."""
        kind: Any = type(self)
        written = [
            f"{key}{canonical(getattr(self, name))}" if name else key
            for name, key in _identity_names(kind)
        ]
        return digest(f"{{{','.join(written)}}}")

    def identity(self) -> dict[str, Any]:
        """The type name and identity fields as a plain JSON object, which names the record."""
        kind = type(self)
        named = {n: plain(getattr(self, n)) for n in field_names(kind, identity_only=True)}
        return {"record": kind.__name__, **named}
