"""The security headers of every response, and the scripts that a page may run."""

import base64
import hashlib
import re
from pathlib import Path

import argilla_server
import httpx
import pytest
from tests.examples import SETTINGS, record_items
from timbre_argilla.gateway import script_hashes

from tests.conftest import Server

STATICS = Path(argilla_server.__file__).parent / "static"
HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
POLICY = {
    "default-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: https:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy(response: httpx.Response) -> dict[str, str]:
    """The directives of a response's Content-Security-Policy."""
    (header,) = response.headers.get_list("content-security-policy")
    return dict(directive.split(" ", 1) for directive in header.split("; "))


def origin(server: Server) -> str:
    return str(server.client.base_url).removesuffix("/api/v1/")


def inline_scripts(page: str) -> set[str]:
    """The CSP sources of a page's inline scripts, found without the code under test."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return {f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/sign-in", 200),
        ("/dataset/00000000-0000-0000-0000-000000000000/annotation-mode", 200),
        ("/favicon.ico", 200),
        ("/js/handlebars.min.js", 200),
        ("/api/v1/version", 200),
        ("/api/v1/docs", 200),
        ("/api/v1/nowhere", 404),
        ("/api/v1/me", 401),
        ("/_nuxt/%00", 500),
    ],
)
def test_every_response_has_the_security_headers(server: Server, path: str, status: int) -> None:
    response = httpx.get(f"{origin(server)}{path}")
    assert response.status_code == status
    assert {name: response.headers.get_list(name) for name in HEADERS} == {
        name: [value] for name, value in HEADERS.items()
    }
    directives = policy(response)
    assert directives.pop("script-src").startswith("'self' 'sha256-")
    assert directives == POLICY


def test_api_errors_have_the_security_headers(server: Server) -> None:
    for response in (
        server.client.post("/users", json={}),
        server.client.put("/version"),
        server.client.post("/token", data={"username": "nobody", "password": "wrong"}),
    ):
        assert response.is_client_error
        assert HEADERS.items() <= response.headers.items()
        assert policy(response)["frame-ancestors"] == "'none'"


def test_a_record_page_may_run_only_its_own_scripts(server: Server) -> None:
    _, dataset = server.create_dataset("scripts", SETTINGS)
    server.upload(dataset, record_items(1))
    page = httpx.get(f"{origin(server)}/dataset/{dataset}/annotation-mode")
    scripts = inline_scripts(page.text)
    assert len(scripts) == 2
    assert set(policy(page)["script-src"].split(" ")) == {"'self'", *scripts}


def test_custom_fields_run_scripts_only_when_enabled(tmp_path: Path) -> None:
    enabled = {"TIMBRE_ARGILLA_CUSTOM_FIELDS": "1"}
    server = Server(tmp_path / "home", environment=enabled).start()
    directives = policy(httpx.get(origin(server)))
    assert directives.pop("script-src") == "'self' 'unsafe-inline' 'unsafe-eval'"
    assert directives == POLICY
    assert server.stop() == 0


def test_only_inline_scripts_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    page = "<script src='a.js'></script>a<b>b</b><script>1 < 2 && '&amp;'</script>"
    (tmp_path / "inner" / "page.html").write_text(page)
    (tmp_path / "same.html").write_text(page)
    assert set(script_hashes(tmp_path)) == inline_scripts(page)
    assert len(script_hashes(STATICS)) == 2
