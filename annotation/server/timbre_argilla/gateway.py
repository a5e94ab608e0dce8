"""The outermost ASGI layer: security headers on every response, error responses included.

Record texts come from the web, from models and from reviewers, and Argilla's UI inserts some of
them as HTML. The Content-Security-Policy stops any script in them: a page may run only the
scripts that Argilla ships, which are files of this server or known by their hash.
"""

import base64
import hashlib
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: https:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
CUSTOM_FIELD_SOURCES = ("'unsafe-inline'", "'unsafe-eval'")
"""A custom field is a template with scripts, which Argilla compiles with `eval`."""


class Gateway:
    """Argilla's application with security headers on its responses."""

    def __init__(self, app: "FastAPI", custom_fields: bool = False) -> None:
        """Wrap an application.

        Args:
            app: Argilla's application.
            custom_fields: Whether custom fields may run scripts. This permits all inline scripts,
                so a script in a record's text runs as well.
        """
        self._app = app
        sources = CUSTOM_FIELD_SOURCES if custom_fields else script_hashes(_statics(app))
        scripts = " ".join(["script-src 'self'", *sources])
        self._headers = {
            "Content-Security-Policy": "; ".join([POLICY[0], scripts, *POLICY[1:]]),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Handle one request."""

        async def send_with_headers(message: "Message") -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def script_hashes(folder: Path) -> list[str]:
    """The CSP sources of the inline scripts in a folder's HTML pages, sorted."""
    scripts = set[str]()
    for page in folder.rglob("*.html"):
        parser = _InlineScripts()
        parser.feed(page.read_text(encoding="utf-8"))
        scripts.update(parser.scripts)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


class _InlineScripts(HTMLParser):
    """Collects the scripts that a page holds itself, rather than loads."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script" and "src" not in dict(attrs)
        if self._is_inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = False

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.scripts[-1] += data


def _statics(app: "FastAPI") -> Path:
    """The folder of the web UI, as the application serves it."""
    (statics,) = (
        route.app for route in app.routes if isinstance(getattr(route, "app", None), StaticFiles)
    )
    return Path(str(statics.directory))
