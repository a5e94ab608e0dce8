"""Protect Argilla's accounts: no published defaults, throttled logins, no passwords in the log.

Hashing or checking a password takes a quarter of a second, so it's done in a separate thread. All
passwords share one thread, so that the other CPU cores remain free for other requests.
"""

import asyncio
import hmac
import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from argilla_server.contexts import accounts
from argilla_server.errors.base_errors import ValidationError
from argilla_server.errors.error_handler import APIErrorHandler
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.models import User
from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from timbre_argilla.credentials import find_default
from timbre_argilla.web.logins import LoginThrottle, client_address

MAX_LOG_LENGTH = 1000

log = logging.getLogger(__name__)
hashing = ThreadPoolExecutor(1, "hashing")


class PasswordHash(str):
    """The hash of a password, marked so that it isn't hashed a second time."""

    __slots__ = ()


def apply(throttle: LoginThrottle) -> None:
    """Patch user management, logins, and the logging of invalid requests."""
    _prepare_passwords()
    _throttle_logins(throttle)
    accounts.get_user_by_api_key = _get_user_by_api_key
    _log_without_input()


def _prepare_passwords() -> None:
    create, update = accounts.create_user, accounts.update_user
    hash_password = accounts.hash_password

    async def create_user(db: Any, user_attrs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        return await create(db, await prepare(user_attrs), *rest, **named)

    async def update_user(db: Any, user: Any, user_attrs: dict[str, Any]) -> Any:
        return await update(db, user, await prepare(user_attrs))

    async def prepare(user_attrs: dict[str, Any]) -> dict[str, Any]:
        _check(user_attrs)
        if not (password := user_attrs.get("password")):
            return user_attrs
        return {**user_attrs, "password": PasswordHash(await _in_thread(hash_password, password))}

    accounts.create_user, accounts.update_user = create_user, update_user
    accounts.hash_password = lambda password: (
        str(password) if isinstance(password, PasswordHash) else hash_password(password)
    )


def _check(user_attrs: dict[str, Any]) -> None:
    name, password = user_attrs.get("username") or "", user_attrs.get("password") or ""
    if default := find_default(username=name, password=password):
        raise UnprocessableEntityError(
            f"You can't use {default} that Argilla publishes as a default. Choose another."
        )


def _throttle_logins(throttle: LoginThrottle) -> None:
    async def authenticate_user(db: Any, username: str, password: str) -> Any:
        attempt = throttle.start(username, client_address.get())
        if attempt.wait:
            raise HTTPException(
                429,
                "Too many failed logins. Wait before you try again.",
                {"Retry-After": str(math.ceil(attempt.wait))},
            )
        user = await accounts.get_user_by_username(db, username)
        # Unknown names take equally long, so that timing doesn't reveal them.
        password_hash = user.password_hash if user else accounts._DUMMY_HASH
        is_correct = await _in_thread(accounts.verify_password, password, password_hash)
        if not (user and is_correct):
            # An unknown name isn't logged, because people mistakenly type passwords as names.
            name = f"account {username}" if user else "an unknown account"
            log.warning("Failed login to %s from %s", name, client_address.get())
            return None
        throttle.succeed(attempt)
        return user

    accounts.authenticate_user = authenticate_user


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(hashing, function, *arguments)


async def _get_user_by_api_key(db: Any, api_key: str) -> Any:
    """Look up a user by API key, in a time that doesn't reveal how much of the key matches."""
    rows = await db.execute(select(User.id, User.api_key))
    ids = [one for one, key in rows if hmac.compare_digest(key.encode(), api_key.encode())]
    query = select(User).where(User.id.in_(ids)).options(selectinload(User.workspaces))
    return await db.scalar(query) if ids else None


def _log_without_input() -> None:
    """Log which parts of a request are invalid, but not their values, which may be passwords."""
    convert = APIErrorHandler._exception_to_argilla_error

    def convert_error(_class: type[APIErrorHandler], error: Exception) -> Any:
        if not isinstance(error, RequestValidationError):
            return convert(error)
        places = (f"{'.'.join(map(str, one['loc']))} ({one['type']})" for one in error.errors())
        log.warning("Invalid request: %s", ", ".join(places)[:MAX_LOG_LENGTH])
        return ValidationError(error)

    APIErrorHandler._exception_to_argilla_error = classmethod(convert_error)
