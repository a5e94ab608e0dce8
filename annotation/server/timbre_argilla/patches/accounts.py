"""Reject Argilla's published names and passwords when users are created or changed."""

from typing import Any

from argilla_server.contexts import accounts
from argilla_server.errors.future import UnprocessableEntityError

from timbre_argilla.credentials import find_default


def apply() -> None:
    """Check the attributes in the two functions through which Argilla writes users."""
    create, update = accounts.create_user, accounts.update_user

    async def create_user(db: Any, user_attrs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        _check(user_attrs)
        return await create(db, user_attrs, *rest, **named)

    async def update_user(db: Any, user: Any, user_attrs: dict[str, Any]) -> Any:
        _check(user_attrs)
        return await update(db, user, user_attrs)

    accounts.create_user, accounts.update_user = create_user, update_user


def _check(user_attrs: dict[str, Any]) -> None:
    name, password = user_attrs.get("username") or "", user_attrs.get("password") or ""
    if default := find_default(username=name, password=password):
        raise UnprocessableEntityError(
            f"Argilla publishes {default} like this one. Choose another."
        )
