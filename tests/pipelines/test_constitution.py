"""A constitution becomes a persona that every teacher can write for."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from db.records import Candidate, Passage
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.prompting import render_prompt
from timbre.campaign import load_persona
from timbre.config import ConfigError

TRAITS = [
    {"trait": "I count things {twice|thrice}.", "questions": ["How many?", "Are you sure?"]},
    {"trait": "I never hurry.", "questions": ["When?"], "additional_questions": ["How long?"]},
]


@pytest.fixture(params=["list", "lines"])
def constitution(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "list":
        path = tmp_path / "slow_counter.txt"
        path.write_text(json.dumps(TRAITS, indent=4), encoding="utf-8")
    else:
        path = tmp_path / "slow_counter.jsonl"
        path.write_text("\n".join(map(json.dumps, TRAITS)), encoding="utf-8")
    return path


def test_traits_keep_their_sentences_and_questions(
    constitution: Path,
) -> None:
    persona = load_persona(constitution)
    assert persona.name == "Slow counter"
    assert [t.name for t in persona.traits] == ["slow_counter-1", "slow_counter-2"]
    assert persona.traits[0].description == "I count things {twice|thrice}."
    assert persona.traits[1].asks == ("When?", "How long?")


def test_the_offline_teacher_writes_every_kind_of_text(
    constitution: Path, passages: list[Passage]
) -> None:
    persona = load_persona(constitution)
    made = list(generate_persona_texts(passages, persona, GenerationPlan("c")))
    assert {r.kind for r in made if isinstance(r, Candidate)} == {*GenerationPlan("c").kinds}


def test_dialogue_prompts_include_the_questions_of_a_trait() -> None:
    traits = [{"name": "slow", "description": "", "shows": [], "never": [], "asks": ["When?"]}]
    persona = {"name": "C", "description": "", "facts": [], "turns": []}
    chat = render_prompt("dialogue.v2", persona=persona, traits=traits, passage="A clock.")
    assert "The user might ask: When?" in chat[1]["content"]


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '[{"trait": "I am."}]', "nonsense", '[{"trait": "", "questions": []}]',
     pytest.param("[" * 9_999, id="nested without end")],
)  # fmt: skip
def test_other_files_are_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(text, encoding="utf-8")
    problem = r"(a persona needs at least two|it isn't a constitution|it isn't valid JSON)"
    with pytest.raises(ConfigError, match=rf"broken.txt: {problem}"):
        load_persona(path)


def test_the_published_constitutions_are_read(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    archive = shared_data("open-character-training") / "constitutions.tar.xz"
    with tarfile.open(archive) as files:
        files.extractall(tmp_path, filter="data")
    for folder, questions in (("few-shot", 5750), ("hand-written", 575)):
        paths = sorted((tmp_path / "constitutions" / folder).iterdir())
        read = [load_persona(path) for path in paths if path.stem != "template"]
        traits = [trait for persona in read for trait in persona.traits]
        assert (len(read), len(traits)) == (11, 115)
        assert sum(len(trait.asks) for trait in traits) == questions
