"""Limit the size of request bodies, which Argilla parses before it authenticates the user.

A request whose body is larger than that of a login needs valid credentials. Only owners and admins
may send large bodies, because only they upload records.
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
"""The maximum size in bytes of a login, and of any request without valid credentials."""
MAX_BODY = MIB
MAX_ADMIN_BODY = 4 * MIB
MAX_BULK = 64 * MIB
"""The maximum size in bytes of an upload of many records by an owner or admin."""
MAX_VALUES = 25_000
"""The maximum number of lists, objects and values in a body, each of which takes time to check."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class BodyError(Exception):
    """Raised if a request body is too large; the message states the limit."""


async def read_small_body(scope: Scope, receive: Receive) -> Receive:
    """Read the request body if it's small, and return a function that receives it again."""
    if _length(scope) > MAX_ANONYMOUS:
        return receive
    return _replay(await Request(scope, receive).body(), receive)


async def check_body(scope: Scope, receive: Receive) -> Receive:
    """Check the size of a request body, and return a function that receives the body.

    Raises `BodyError` if the body is too large for the user who sent the request.
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
    """Estimate how many lists, objects and values a JSON text contains, without parsing it.

    The estimate may be too high, but never too low.
    """
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
    """Return the user whose credentials a request contains, or None if they are invalid."""
    async with AsyncSessionLocal() as db:
        request = Request({**scope, "state": {"db": db}})
        try:
            return await auth._authenticate_request_user(db, request)
        except UnauthorizedError:
            return None
