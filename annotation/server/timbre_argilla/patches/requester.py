"""Keep track of the annotator who sent the current request."""

from contextvars import ContextVar
from typing import Any

from argilla_server.models import User
from argilla_server.security.authentication import provider

from timbre_argilla.web.turns import Requester

annotator: ContextVar[User | None] = ContextVar("annotator", default=None)
"""The annotator who sent the current request, or None if somebody else sent it."""


def apply() -> None:
    """Store the user who sent a request as soon as Argilla has authenticated the request."""
    set_user = provider.set_request_user

    def set_request_user(request: Any, user: User) -> None:
        set_user(request, user)
        annotator.set(user if user.is_annotator else None)
        request.state.requester = Requester(str(user.id), is_admin=not user.is_annotator)

    provider.set_request_user = set_request_user
