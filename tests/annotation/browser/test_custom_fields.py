"""Custom fields run their scripts where they reach neither the page nor the reviewer's login."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.argilla import embedded_server
from annotation.argilla.accounts import add_user, add_workspace
from annotation.argilla.connection import Connection, connect
from tests.annotation.browser.pages import SUBMIT, log_in

TEMPLATE = "<p>Text: {{record.fields.custom.text}}</p>"
ATTEMPTS = {
    "page": "parent.document.title",
    "storage": "localStorage.length",
    "cookies": "document.cookie",
    "navigation": "top.location = '/'",
}
PROBE = f"""<h1></h1><script>
const attempts = {json.dumps(ATTEMPTS)};
for (const name in attempts)
  try {{ eval(attempts[name]); name = "did " + name }}
  catch (error) {{ document.querySelector("h1").append(name + ": " + error.name + "; ") }}
fetch("/api/v1/version").catch(error => document.querySelector("h1").append("request: blocked"));
</script>"""


@pytest.fixture
def owner(
    tmp_path: Path, argilla_python: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """The owner of a server that allows custom fields."""
    monkeypatch.setenv("TIMBRE_ARGILLA_CUSTOM_FIELDS", "1")
    with embedded_server.start(tmp_path / "argilla", python=argilla_python, port=0) as server:
        connection = Connection(server.url, server.credentials.api_key, "custom")
        add_workspace(connection)
        yield connection


def push(owner: Connection, template: str, is_advanced: bool, texts: list[str]) -> str:
    """Create a dataset with a custom field, and return its id."""
    settings = {"type": "custom", "template": template, "advanced_mode": is_advanced}
    question = {"type": "text"}
    with connect(owner) as server:
        workspace = server.get("me/workspaces")["items"][0]["id"]
        body: dict[str, Any] = {"name": f"custom {is_advanced}", "workspace_id": workspace}
        dataset: str = server.post("datasets", body)["id"]
        for kind, name, part in (("fields", "custom", settings), ("questions", "q", question)):
            body = {"name": name, "title": name, "required": True, "settings": part}
            server.post(f"datasets/{dataset}/{kind}", body)
        server.put(f"datasets/{dataset}/publish", {})
        items = [{"fields": {"custom": {"text": text}}} for text in texts]
        server.post(f"datasets/{dataset}/records/bulk", {"items": items})
    return dataset


def test_custom_fields_are_shown_but_reach_nothing(page: Page, owner: Connection) -> None:
    log_in(page, owner, add_user(owner, "ada"))
    texts = [f"{n} <b>text</b></script><script>document.body.remove()</script>" for n in "12"]
    path = "annotation-mode?page=1"
    page.goto(f"{owner.url}/dataset/{push(owner, TEMPLATE, False, texts)}/{path}")
    page.locator(SUBMIT).wait_for()
    frame = page.locator(".custom_field_component iframe")
    paragraph = frame.content_frame.locator("p")
    expect(paragraph).to_contain_text("Text: ")
    first = paragraph.text_content()
    page.locator(".pagination__button").last.click()
    expect(paragraph).not_to_have_text(first or "")
    assert {first, paragraph.text_content()} == {f"Text: {text}" for text in texts}
    assert page.title() == "Argilla"
    expect(frame).to_have_css("height", re.compile(r"^[3-9]\dpx"))

    page.goto(f"{owner.url}/dataset/{push(owner, PROBE, True, ['a'])}/{path}")
    heading = frame.content_frame.locator("h1")
    expect(heading).to_contain_text("request: blocked")
    for name in ATTEMPTS:
        expect(heading).to_contain_text(f"{name}: SecurityError")
