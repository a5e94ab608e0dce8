"""Limits on the bodies of requests, which Argilla parses before it checks who sent them.

Anything larger than a login needs valid credentials. Only owners and admins may send large bodies,
because only they upload records.
"""

import re
from typing import Any

from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import UserRole
from argilla_server.errors import UnauthorizedError
from argilla_server.security import auth
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

KIB, MIB = 1 << 10, 1 << 20
MAX_ANONYMOUS = 16 * KIB
"""Bytes of a login, and of a request without valid credentials."""
MAX_BODY = MIB
MAX_ADMIN_BODY = 4 * MIB
MAX_BULK = 64 * MIB
"""Bytes of an owner's or admin's upload of many records."""
MAX_VALUES = 25_000
"""Lists, objects and the values in them, which take longer to check than their bytes."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class BodyError(Exception):
    """A body is too large; the message says by which limit."""


async def read_small_body(scope: Scope, receive: Receive) -> Receive:
    """Read a body that is small enough for anyone, and return a function that receives it."""
    if _length(scope) > MAX_ANONYMOUS:
        return receive
    return _replay(await Request(scope, receive).body(), receive)


async def check_body(scope: Scope, receive: Receive) -> Receive:
    """Check a request's body, and return a function that receives it.

    Raises `BodyError` if it is too large for the user who sent it.
    """
    path, length = scope["path"], _length(scope)
    if length <= MAX_ANONYMOUS:
        return receive
    user = None if path.endswith("/token") else await _find_user(scope)
    if user is None:
        _check_length(length, MAX_ANONYMOUS)
    elif user.role in {UserRole.owner, UserRole.admin}:
        _check_length(length, MAX_BULK if path.endswith("/bulk") else MAX_ADMIN_BODY)
        return receive
    _check_length(length, MAX_BODY)
    body = await Request(scope, receive).body()
    if count_values(body) > MAX_VALUES:
        raise BodyError(f"The request body has more than {MAX_VALUES:,} values. Split the request.")
    return _replay(body, receive)


def count_values(body: bytes) -> int:
    """Count the lists, objects and values of JSON without parsing it; never less than there are."""
    # Text in another encoding than UTF-8 could look like a string.
    rest = body if b"\0" in body else _STRING.sub(b"", body)
    return rest.count(b",") + rest.count(b"[") + rest.count(b"{")


def _length(scope: Scope) -> int:
    return int(Headers(scope=scope).get("content-length", 0))


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        text = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // KIB} KiB"
        raise BodyError(f"The request body is larger than {text}. Split the request.")


async def _find_user(scope: Scope) -> Any:
    """Whose credentials a request has; None if they aren't valid."""
    async with AsyncSessionLocal() as db:
        request = Request({**scope, "state": {"db": db}})
        try:
            return await auth._authenticate_request_user(db, request)
        except UnauthorizedError:
            return None
