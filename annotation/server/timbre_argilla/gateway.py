"""The outermost ASGI layer: security headers on every response, error responses included.

Record texts come from the web, from models and from reviewers, and Argilla's UI inserts some of
them as HTML. The Content-Security-Policy stops any script in them: a page may run only the
scripts that Argilla ships, which are files of this server or known by their hash.
"""

import base64
import hashlib
import re
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

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


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
    pages = (page.read_text(encoding="utf-8") for page in folder.rglob("*.html"))
    scripts = {script for page in pages for script in _INLINE_SCRIPT.findall(page)}
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _statics(app: "FastAPI") -> Path:
    """The folder of the web UI, as the application serves it."""
    apps = (getattr(route, "app", None) for route in app.routes)
    (statics,) = (one for one in apps if isinstance(one, StaticFiles))
    return Path(str(statics.directory))
