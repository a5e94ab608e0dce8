"""The checks of requests, the security headers of responses, and the scripts of pages."""

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import argilla_server
import httpx
import pytest
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount
from tests.examples import SETTINGS, record_items
from timbre_argilla.options import Options
from timbre_argilla.web import custom_fields
from timbre_argilla.web.fonts import use_local_fonts
from timbre_argilla.web.gateway import Gateway, script_hashes

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


@pytest.fixture(scope="module")
def public_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is also known by another name."""
    hosts = {"TIMBRE_ARGILLA_ALLOWED_HOSTS": "other.example.org, Review.example.org,"}
    server = Server(tmp_path_factory.mktemp("public") / "home", environment=hosts).start()
    yield server
    assert server.stop() == 0, server.read_log()


def policy(response: httpx.Response) -> dict[str, str]:
    """The directives of a response's Content-Security-Policy."""
    (header,) = response.headers.get_list("content-security-policy")
    return dict(directive.split(" ", 1) for directive in header.split("; "))


def origin(server: Server) -> str:
    return str(server.client.base_url).removesuffix("/api/v1/")


class ScriptParser(HTMLParser):
    """Collects a page's inline scripts, without the code under test."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.is_inline_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_inline_script = tag == "script" and "src" not in dict(attrs)

    def handle_data(self, data: str) -> None:
        if self.is_inline_script:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.is_inline_script = False


def inline_scripts(page: str) -> set[str]:
    """The CSP sources of a page's inline scripts."""
    scripts = ScriptParser(page).scripts
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
        ("/_nuxt/%00", 404),
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


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:6900", 200),
        ("127.0.0.1", 200),
        ("127.8.8.8:80", 200),
        ("[::1]:6900", 200),
        ("review.example.org", 200),
        ("evil.example.org", 400),
        ("localhost.evil.example.org", 400),
        ("203.0.113.5", 400),
        ("[::", 400),
        ("", 400),
    ],
)
def test_requests_for_unknown_hosts_are_rejected(
    public_server: Server, host: str, status: int
) -> None:
    response = httpx.get(f"{origin(public_server)}/api/v1/version", headers={"Host": host})
    assert response.status_code == status
    assert response.headers["x-frame-options"] == "DENY"
    if status == 400:
        assert "TIMBRE_ARGILLA_ALLOWED_HOSTS" in response.json()["detail"]


@pytest.mark.parametrize(("host", "allowed"), [("203.0.113.5", True), ("evil.org", False)])
def test_a_server_on_all_addresses_accepts_any_address_but_no_name(
    tmp_path: Path, host: str, allowed: bool
) -> None:
    statics = shutil.copytree(STATICS, tmp_path / "statics")  # the gateway changes the style sheets
    app = SimpleNamespace(routes=[Mount("/", StaticFiles(directory=statics))])
    gateway = Gateway(app, Options(Path(), host="0.0.0.0"))  # type: ignore[arg-type]  # noqa: S104
    assert gateway._allows_host(f"{host}:6900") is allowed


def test_large_bodies_are_rejected(server: Server) -> None:
    bulk = f"/datasets/{uuid4()}/records/bulk"
    for path, mib in (("/users", 4), (bulk, 64)):
        accepted = server.client.post(path, content=b" " * (mib << 20))
        assert accepted.status_code == 422
        rejected = server.client.post(path, content=b" " * ((mib << 20) + 1))
        assert rejected.status_code == 413
        assert f"larger than {mib} MiB" in rejected.json()["detail"]


def test_bodies_of_unknown_length_are_rejected(server: Server) -> None:
    response = server.client.post("/users", content=iter([b"{}"]))
    assert response.status_code == 411


def test_queries_that_are_too_large_return_422(server: Server) -> None:
    _, dataset = server.create_dataset("queries", SETTINGS)
    body = {"query": {"text": {"q": "a* " * 30_000}}}
    response = server.client.post(f"/datasets/{dataset}/records/search", json=body)
    assert response.status_code == 422
    assert "90,000 characters" in response.text


def test_pages_of_more_than_1000_records_are_rejected(server: Server) -> None:
    _, dataset = server.create_dataset("pages", SETTINGS)
    url = f"/datasets/{dataset}/records/search?limit=1001"
    assert server.client.post(url, json={}).status_code == 422


def test_custom_fields_have_a_page_without_an_origin_only_when_enabled(
    server: Server, tmp_path: Path
) -> None:
    enabled = {"TIMBRE_ARGILLA_CUSTOM_FIELDS": "1"}
    other = Server(tmp_path / "home", environment=enabled).start()
    frame = policy(httpx.get(f"{origin(other)}{custom_fields.PATH}"))
    assert frame["sandbox"] == "allow-scripts"
    assert frame["default-src"] == "'none'"
    for page in (httpx.get(origin(other)), httpx.get(f"{origin(server)}{custom_fields.PATH}")):
        directives = policy(page)
        assert set(directives.pop("script-src").split()) == {"'self'", *inline_scripts(page.text)}
        assert directives == POLICY
    assert other.stop() == 0


def test_an_unknown_web_ui_is_not_served_with_custom_fields(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('{attrs:{srcdoc:t.template,frameborder:"0"}}')
    with pytest.raises(ValueError, match="custom fields can't run"):
        custom_fields.use_sandbox(tmp_path)


def test_only_inline_scripts_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    page = "<script src='a.js'></script>a<b>b</b><script>1 < 2 && '&amp;'</script>"
    (tmp_path / "inner" / "page.html").write_text(page)
    (tmp_path / "same.html").write_text(page)
    assert set(script_hashes(tmp_path)) == inline_scripts(page)
    assert len(script_hashes(STATICS)) == 2


def test_the_pages_fonts_come_from_this_server(server: Server) -> None:
    page = httpx.get(origin(server)).text
    sheets = [
        httpx.get(f"{origin(server)}{path}").text
        for path in re.findall(r'href="(/[^"]+\.css)"', page)
    ]
    assert sheets
    assert not any("googleapis" in sheet for sheet in sheets)
    faces = {
        family: path
        for sheet in sheets
        for family, path in re.findall(
            r'@font-face\{font-family:"([^"]+)"[^}]*url\("\.\.(/fonts/[^"]+)"', sheet
        )
    }
    assert set(faces) == {"Inter", "Roboto Condensed"}
    for path in faces.values():
        font = httpx.get(f"{origin(server)}{path}")
        assert (font.status_code, font.headers["content-type"]) == (200, "font/ttf")
        assert font.content[:4] == bytes.fromhex("00010000")


def test_another_web_ui_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "page.css").write_text("p{font-family:Inter}")
    with pytest.raises(ValueError, match="don't import the expected fonts"):
        use_local_fonts(tmp_path)
