"""A campaign's prompt files replace shipped ones of the same names, and provenance tells."""

from pathlib import Path

import pytest

from db.records import Candidate, Passage, digest
from pipelines.conversations import generate_conversations
from pipelines.personas import generate_persona_texts
from pipelines.prompting import find_prompt_problems, prompt_label, render_block
from pipelines.voices.persona import Persona
from tests.pipelines.standin import StandIn
from timbre.campaign import load_tone

OWN = """{% block system %}
You are the voice of {{ tone.name }}. Say it again.
{% endblock %}
{% block user %}
{{ plain_answer }}
{% endblock %}
{% block text_reply %}
{{ answer }}
{% endblock %}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    return tmp_path / "prompts"


def test_an_own_prompt_is_sent_and_named_with_its_hash(
    folder: Path, passages: list[Passage]
) -> None:
    (folder / "tone_answer.v2.jinja").write_text(OWN, encoding="utf-16")
    teacher = StandIn()
    (record,) = generate_conversations(
        passages[:1], load_tone("conversational"), teacher.plan(prompts=folder)
    )
    assert isinstance(record, Candidate)
    label = f"tone_answer.v2@{digest(OWN)[:12]}"
    assert record.provenance.prompts == ("question.v2", label)
    assert teacher.chats[-1][0]["content"] == "You are the voice of conversational. Say it again."


def test_a_persona_uses_own_prompts_too(
    folder: Path, persona: Persona, passages: list[Passage]
) -> None:
    text = "{% block system %}Be {{ persona.name }}.{% endblock %}{% block user %}{{ passage }}"
    text += "{% endblock %}{% block text_reply %}{{ statement }}{% endblock %}"
    (folder / "statement.v2.jinja").write_text(text, encoding="utf-8")
    teacher = StandIn()
    list(generate_persona_texts(passages[:1], persona, teacher.plan(prompts=folder)))
    assert [c[0]["content"] for c in teacher.chats if len(c[0]["content"]) < 20] == ["Be C-3PO."]


def test_a_changed_prompt_has_another_label(folder: Path) -> None:
    path = folder / "question.v2.jinja"
    labels = set()
    for text in ("a", "b"):
        path.write_text(text, encoding="utf-8")
        labels.add(prompt_label(str(path.with_suffix(""))))
    assert len(labels) == 2
    assert prompt_label("question.v2") == "question.v2"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("tone_answer.v9", OWN, "no prompt has this name; use one of dialogue.v1.jinja, "),
        ("tone_answer.v2", OWN.replace("text_reply", "reply"), "it lacks the block text_reply."),
        ("tone_answer.v2", OWN.replace("{{ answer }}", "{{ reply }}"), "it uses reply, but it may"),
        ("tone_answer.v2", "{% block system %}", "line 1: Unexpected end of template."),
        ("tone_answer.v2", OWN + "{% include '/etc/hostname' %}", "it includes another file"),
    ],
)
def test_files_that_cannot_replace_a_prompt(
    folder: Path, name: str, text: str, problem: str
) -> None:
    (folder / f"{name}.jinja").write_text(text, encoding="utf-8")
    (found,) = find_prompt_problems(folder)
    assert found.startswith(f"{name}.jinja: {problem}")


def test_no_folder_and_other_files(tmp_path: Path, folder: Path) -> None:
    assert not [*find_prompt_problems(tmp_path / "none")]
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    (found,) = find_prompt_problems(folder)
    assert found.startswith("notes.txt: no prompt has this name")


def test_only_prompt_files_are_loaded(folder: Path) -> None:
    outside = folder.parent / "secret.jinja"
    outside.write_text("{% block user %}x{% endblock %}", encoding="utf-8")
    with pytest.raises(Exception, match="secret"):
        render_block(str(outside.with_suffix("")), "user")
