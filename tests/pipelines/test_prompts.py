"""Every prompt file, rendered on one passage, matches its golden file."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from db.records import plain
from pipelines import prompting
from pipelines.prompting import (
    FOLDER,
    file_examples,
    prompt_names,
    render_block,
    render_examples,
    render_prompt,
    reply_block,
)
from pipelines.voices.persona import Persona
from pipelines.voices.prompts import rewrite_prompt, rules_prompt
from pipelines.voices.tone import Tone

GOLDEN = Path(__file__).parents[1] / "golden" / "pipelines"
PASSAGE = "The Orrin Viaduct was built in 1867. It carries two tracks across the valley."


@pytest.fixture
def values(tone: Tone, persona: Persona) -> dict[str, Any]:
    return {
        "passage": PASSAGE,
        "count": 1,
        "question": "When was it built?",
        "plain_answer": "The Orrin Viaduct was built in 1867.",
        "before": "The Orrin is a river.",
        "answer": "They built it back in 1867.",
        "statement": "I was there in 1867.",
        "document": "The droid was there in 1867.",
        "messages": [{"role": "user", "content": "Isn't it “old”?"}],
        "tone": plain(tone),
        "persona": asdict(persona),
        "traits": [
            {**asdict(trait), "asks": ["Are you well?"], "wording": "sir"}
            for trait in persona.traits[:2]
        ],
        "context": "User: What is it?\nAssistant: It is a viaduct.",
        "language": "German",
        "samples": ["The bridge is old, and it shows."],
        "requirements": ["at most 40 words", "none of “leverage”"],
        "system": "You answer questions.",
        "prompt": "Answer the question.",
        "asked": 'Reply with one JSON object and nothing else: {"answer": "…"}',
        "reason": "copied (all of it)",
        "text": PASSAGE,
    }


@pytest.mark.parametrize("name", prompt_names())
def test_prompt_matches_its_golden_file(name: str, values: dict[str, Any]) -> None:
    chat = render_prompt(name, **values)
    chat[1:1] = render_examples(name, [*file_examples(name), values])
    text = "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in chat)
    assert text + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", prompt_names())
def test_prompt_names_its_version_and_asks_for_one_value(name: str, values: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z_]+\.v[1-9]\d*", name)
    reply = reply_block(name)
    if not reply:
        example = render_prompt(name, **values)[1]["content"].splitlines()[-1].split(": ", 1)[1]
        assert len(json.loads(example)) == 1
    elif reply == "json_reply":
        assert len(json.loads(render_block(name, reply, **values))) == 1


def test_passage_with_template_markup_is_not_rendered(
    values: dict[str, Any],
) -> None:
    hostile = "{{ 7 * 7 }} {% for x in y %} <b>&amp;</b>"
    assert hostile in render_prompt("question.v1", **{**values, "passage": hostile})[1]["content"]


def test_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="passage"):
        render_prompt("question.v1", count=1)


def test_prompt_files_are_rendered_in_a_sandbox() -> None:
    environment = prompting.ENVIRONMENT
    assert isinstance(environment, ImmutableSandboxedEnvironment)
    with pytest.raises(SecurityError):
        environment.from_string("{{ ''.__class__.__mro__ }}").render()


def test_prompt_files_without_a_user_block_are_not_for_tones_and_personas() -> None:
    files = {path.stem for path in FOLDER.iterdir()}
    assert files - set(prompt_names()) == {
        "rules.v1",
        "rewrite.v1",
        "constitution.v1",
        "character.v1",
        "retry.v2",
        "additions.v1",
    }
    assert len(files) == 20


@pytest.mark.parametrize("kind", ["tone", "persona"])
def test_voice_prompts_match_their_golden_files(kind: str, tone: Tone, persona: Persona) -> None:
    voice = tone if kind == "tone" else persona
    for name, render in (("rules.v1", rules_prompt), ("rewrite.v1", rewrite_prompt)):
        golden = (GOLDEN / f"{name}.{kind}.txt").read_text(encoding="utf-8")
        assert render(voice) + "\n" == golden


def test_voice_prompts_keep_the_white_space_of_their_values(tone: Tone) -> None:
    tone = replace(tone, system="  Speak.\n", description="warm.\n")
    assert rules_prompt(tone).startswith("  Speak.\n\nThe tone is warm.\n\nRules:\n- ")


def test_additions_match_their_golden_file(values: dict[str, Any]) -> None:
    blocks = ("language", "samples", "requirements")
    text = "\n\n".join(render_block("additions.v1", block, **values) for block in blocks)
    assert text + "\n" == (GOLDEN / "additions.v1.txt").read_text(encoding="utf-8")
