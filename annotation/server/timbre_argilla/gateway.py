"""The outermost ASGI layer, which checks requests and adds security headers to responses.

Record texts come from the web, from models and from reviewers, and Argilla's UI inserts some of
them as HTML. The Content-Security-Policy stops any script in record texts: a page may run only the
scripts that Argilla ships, which are files of this server or known by their hash.
"""

import base64
import hashlib
import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from timbre_argilla.logins import client_address
from timbre_argilla.options import Options

MAX_BODY_MIB = 4
MAX_BULK_BODY_MIB = 64
"""The limit for uploads of many records at once."""

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
    """Wraps Argilla's application to check each request and add headers to each response."""

    def __init__(self, app: FastAPI, options: Options) -> None:
        """Wrap an application."""
        self._app = app
        self._hosts = {"localhost", options.host.lower(), *options.allowed_hosts}
        address = _parse_address(options.host)
        self._is_public = address is not None and address.is_unspecified
        sources = CUSTOM_FIELD_SOURCES if options.custom_fields else script_hashes(_statics(app))
        scripts = " ".join(["script-src 'self'", *sources])
        self._headers = {
            "Content-Security-Policy": "; ".join([POLICY[0], scripts, *POLICY[1:]]),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        client_address.set((scope["client"] or ("",))[0])
        app = self._reject(scope) or self._app
        await app(scope, receive, send_with_headers)

    def _reject(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if not self._allows_host(headers.get("host", "")):
            return _error(400, "Unknown host name. Add it to TIMBRE_ARGILLA_ALLOWED_HOSTS.")
        if "\0" in scope["path"]:
            return _error(404, "Not Found")
        if "transfer-encoding" in headers:
            return _error(411, "Send the request with a Content-Length header instead of chunks.")
        limit = MAX_BULK_BODY_MIB if scope["path"].endswith("/bulk") else MAX_BODY_MIB
        if int(headers.get("content-length", 0)) > limit << 20:
            return _error(413, f"The request body is larger than {limit} MiB. Split the request.")
        return None

    def _allows_host(self, header: str) -> bool:
        """Return whether a `Host` header is allowed, which protects against DNS rebinding.

        A browser takes the header from the address bar, so a page that was loaded from an IP
        address comes from this server.
        """
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        address = _parse_address(name)
        is_own = address is not None and (self._is_public or address.is_loopback)
        return is_own or name in self._hosts


def script_hashes(folder: Path) -> list[str]:
    """The CSP sources of the inline scripts in a folder's HTML pages, sorted."""
    pages = (page.read_text(encoding="utf-8") for page in folder.rglob("*.html"))
    scripts = {script for page in pages for script in _INLINE_SCRIPT.findall(page)}
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _statics(app: FastAPI) -> Path:
    """The folder from which the application serves the web UI."""
    apps = (getattr(route, "app", None) for route in app.routes)
    (statics,) = (one for one in apps if isinstance(one, StaticFiles))
    return Path(str(statics.directory))


def _parse_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _error(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)
