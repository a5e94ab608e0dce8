"""Replace the functions with which Argilla answers requests."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

Handler = Callable[..., Awaitable[Any]]


def replace(app: FastAPI, handler: Handler, replacement: Handler) -> None:
    """Replace the function that handles a route with a function that has the same parameters."""
    routes = [one for one in app.routes if isinstance(one, APIRoute) and one.endpoint is handler]
    (route,) = routes
    route.dependant.call = replacement
