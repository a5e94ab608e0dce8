"""`timbre prompt show` prints what a teacher gets, with the campaign's own prompts."""

import json
from pathlib import Path

import pytest

from db.store import Store
from tests.timbre.conftest import Timbre
from tests.timbre.workflows.conftest import add_passages

CAMPAIGN = """
name = "shop"
tone = "conversational"
licence = "our own"
{sources}
[generate]
teacher = "ollama:m"
{generate}
"""
CHAT = {
    "messages": [
        {"role": "user", "content": "Can I return it?"},
        {"role": "assistant", "content": "Items may be returned within 30 days."},
    ]
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    add_passages(store)
    folder = tmp_path / "shop"
    (folder / "prompts").mkdir(parents=True)
    write(folder)
    return folder


def write(folder: Path, sources: str = "", generate: str = "") -> None:
    text = CAMPAIGN.format(sources=sources, generate=generate)
    (folder / "campaign.toml").write_text(text, encoding="utf-8")


def show(timbre: Timbre, name: str) -> list[dict[str, str]]:
    chat: list[dict[str, str]] = json.loads(timbre("prompt", "show", "shop", name, "--json").out)
    return chat


@pytest.mark.parametrize("name", ["question", "question.v2", "tone_answer", "tone_answer.v2"])
def test_a_prompt_is_shown_with_or_without_its_version(timbre: Timbre, name: str) -> None:
    chat = show(timbre, name)
    assert chat[0]["role"] == "system"
    assert chat[-1]["role"] == "user"
    assert "the stems." in chat[-1]["content"]
    text = timbre("prompt", "show", "shop", name)
    assert text.out.startswith(f"[system]\n{chat[0]['content']}\n\n[user]\n")


def test_the_campaigns_own_prompt_is_shown(timbre: Timbre, folder: Path) -> None:
    own = "{% block system %}Hello {{ tone.name }}.{% endblock %}{% block user %}{{ plain_answer }}"
    own += "{% endblock %}{% block text_reply %}{{ answer }}{% endblock %}"
    (folder / "prompts" / "tone_answer.v2.jinja").write_text(own, encoding="utf-8")
    assert show(timbre, "tone_answer")[0]["content"] == "Hello conversational."


def test_prompts_of_chats_and_of_long_conversations_are_shown(timbre: Timbre, folder: Path) -> None:
    (folder / "chats.jsonl").write_text(json.dumps(CHAT), encoding="utf-8")
    write(folder, 'chats = ["chats.jsonl"]')
    assert show(timbre, "tone_turn")[-1]["content"] == (
        "Question: Can I return it?\n\nAnswer: Items may be returned within 30 days."
    )
    write(folder, generate="turns = 4")
    assert show(timbre, "tone_turn")[-1]["content"].startswith(
        "Turns before:\nUser: (the teacher's question)\nAssistant: "
    )


def test_an_unknown_prompt_is_an_error_that_lists_the_others(timbre: Timbre) -> None:
    error = timbre("prompt", "show", "shop", "statement", status=1).err
    assert error == "“shop” uses no prompt “statement”. It uses question.v2, tone_answer.v2.\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{% block user %}", "prompts/tone_answer.v2.jinja: line 1: "),
        ("{% block system %}{{ tone.nme }}{% endblock %}{% block user %}x{% endblock %}"
         "{% block text_reply %}{% endblock %}", "can't be rendered: 'dict object' has no attr"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("generate", "shop"), ("check", "shop")])
def test_a_wrong_prompt_stops_before_any_request(
    timbre: Timbre, folder: Path, text: str, problem: str, command: tuple[str, ...]
) -> None:
    (folder / "prompts" / "tone_answer.v2.jinja").write_text(text, encoding="utf-8")
    result = timbre(*command, status=1)
    assert problem in result.out + result.err
    assert "Traceback" not in result.err
