"""Every prompt file rendered on one passage, beside the golden text that people have read."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from db.records import plain
from pipelines import prompting
from pipelines.persona_file import Persona
from pipelines.prompting import FOLDER, prompt_names, render
from pipelines.tone_file import Tone

GOLDEN = Path(__file__).parents[1] / "golden" / "pipelines"
PASSAGE = "The Orrin Viaduct was built in 1867. It carries two tracks across the valley."


@pytest.fixture
def values(tone: Tone, persona: Persona) -> dict[str, Any]:
    return {
        "passage": PASSAGE,
        "count": 1,
        "question": "When was it built?",
        "plain_answer": "The Orrin Viaduct was built in 1867.",
        "tone": plain(tone),
        "persona": asdict(persona),
        "traits": [{**asdict(trait), "asks": ["Are you well?"]} for trait in persona.traits[:2]],
        "system": "You answer questions.",
        "prompt": "Answer the question.",
        "asked": 'Reply with one JSON object and nothing else: {"answer": "…"}',
        "reason": "copied (all of it)",
        "text": PASSAGE,
    }


@pytest.mark.parametrize("name", prompt_names())
def test_a_prompt_reads_as_its_golden_file_says(name: str, values: dict[str, Any]) -> None:
    chat = render(name, **values)
    text = "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in chat)
    assert text + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", prompt_names())
def test_a_prompt_names_its_version_and_asks_for_one_json_object(
    name: str, values: dict[str, Any]
) -> None:
    assert re.fullmatch(r"[a-z_]+\.v[1-9]\d*", name)
    example = render(name, **values)[1]["content"].splitlines()[-1].split(": ", 1)[1]
    assert len(json.loads(example)) == 1


def test_a_passage_with_markup_of_the_prompt_language_stays_as_it_is(
    values: dict[str, Any],
) -> None:
    hostile = "{{ 7 * 7 }} {% for x in y %} <b>&amp;</b>"
    assert hostile in render("question.v1", **{**values, "passage": hostile})[1]["content"]


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="passage"):
        render("question.v1", count=1)


def test_prompt_files_are_rendered_in_a_sandbox() -> None:
    environment = prompting._environment()
    assert isinstance(environment, ImmutableSandboxedEnvironment)
    with pytest.raises(SecurityError):
        environment.from_string("{{ ''.__class__.__mro__ }}").render()


def test_every_prompt_file_is_listed() -> None:
    assert len(prompt_names()) == len(list(FOLDER.iterdir())) == 8
