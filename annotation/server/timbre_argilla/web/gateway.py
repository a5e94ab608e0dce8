"""The outermost ASGI layer, which checks requests and adds security headers to responses.

Record texts come from the web, from models and from reviewers, and Argilla's UI inserts some of
them as HTML. The Content-Security-Policy blocks any script in a record's text. Only Argilla's own
scripts may run: the files that this server delivers, and inline scripts with a known hash.
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
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from timbre_argilla.options import Options
from timbre_argilla.web import custom_fields
from timbre_argilla.web.bodies import BodyError, check_body, read_small_body
from timbre_argilla.web.fonts import use_local_fonts
from timbre_argilla.web.logins import client_address
from timbre_argilla.web.turns import Turns

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

_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


class Gateway:
    """Wraps Argilla's application to check each request and add headers to each response."""

    def __init__(self, app: FastAPI, options: Options) -> None:
        """Wrap an application."""
        self._app = app
        self._turns = Turns()
        self._hosts = {"localhost", options.host.lower(), *options.allowed_hosts}
        address = _parse_address(options.host)
        self._is_public = address is not None and address.is_unspecified
        statics = _statics(app)
        use_local_fonts(statics)
        scripts = " ".join(["script-src 'self'", *script_hashes(statics)])
        self._has_custom_fields = options.custom_fields
        if options.custom_fields:
            custom_fields.use_sandbox(statics)
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
        if rejection := self._reject(scope):
            await rejection(scope, receive, send_with_headers)
        elif self._has_custom_fields and scope["path"] == custom_fields.PATH:
            await custom_fields.response()(scope, receive, send)
        else:
            await self._take_turn(scope, receive, send_with_headers)

    async def _take_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            # The body is read before the turn, so that a slow client doesn't block other clients.
            receive = await read_small_body(scope, receive)
        except ClientDisconnect:
            return
        await self._turns.run(self._respond, scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            receive = await check_body(scope, receive)
        except BodyError as error:
            await _error(413, str(error))(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await self._app(scope, receive, send)

    def _reject(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if not self._allows_host(headers.get("host", "")):
            return _error(400, "Unknown host name. Add it to TIMBRE_ARGILLA_ALLOWED_HOSTS.")
        if "\0" in scope["path"]:
            return _error(404, "Not Found")
        if "transfer-encoding" in headers:
            return _error(411, "Send the request with a Content-Length header instead of chunks.")
        return None

    def _allows_host(self, header: str) -> bool:
        """Return whether a `Host` header is allowed, to protect against DNS rebinding.

        A browser takes the `Host` header from the URL of the page, so a header that contains an IP
        address can't be the result of DNS rebinding.
        """
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        address = _parse_address(name)
        is_own = address is not None and (self._is_public or address.is_loopback)
        return is_own or name in self._hosts


def script_hashes(folder: Path) -> list[str]:
    """Return the policy entries that allow the inline scripts in a folder's HTML pages."""
    pages = (page.read_text(encoding="utf-8") for page in folder.rglob("*.html"))
    scripts = {script for page in pages for script in _INLINE_SCRIPT.findall(page)}
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _statics(app: FastAPI) -> Path:
    """Return the folder from which the application serves the web UI."""
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
