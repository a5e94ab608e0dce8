"""Character cards, one-line personas and constitutions of every shape become personas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db.records import Candidate, Passage
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from timbre.campaign import load_persona, read_persona
from timbre.config import ConfigError

DATA: dict[str, Any] = {
    "name": "Tarn",
    "description": "{{char}} keeps a mill by the weir. {{char}} is slow to speak.",
    "personality": "patient, dry",
    "scenario": "{{user}} has come in from the rain.",
    "first_mes": "*looks up* You are wet, {{user}}.",
    "mes_example": "<START>\n{{user}}: Is it far?\n{{char}}: Far enough.",
    "system_prompt": "",
    "tags": ["miller"],
    "creator": "x",
    "extensions": {},
}
CARD = {"spec": "chara_card_v2", "spec_version": "2.0", "data": DATA}
LINES = [{"persona": "A miller who collects clocks"}, {"persona": "A diver", "name": "Ada"}]
TRAITS = [{"trait": "I answer plainly."}, {"trait": "I am dry.", "questions": ["Is it wet?"]}]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


Write = Callable[[str, str], Path]


def test_a_card_s_fields_are_mapped(write: Write) -> None:
    loaded = read_persona(write("card.json", json.dumps(CARD, indent=1)))
    persona = loaded.persona
    assert persona.name == "Tarn"
    assert persona.system == (
        "You are Tarn. Tarn keeps a mill by the weir. Tarn is slow to speak. Personality: "
        "patient, dry Situation: the user has come in from the rain."
    )
    assert [trait.name for trait in persona.traits] == ["patient", "dry"]
    assert persona.turns == ("You are wet, the user.", "Far enough.")
    assert persona.facts[0].third == "Tarn keeps a mill by the weir."
    assert loaded.unused == ("tags", "creator")


@pytest.mark.parametrize(
    "card",
    [
        {"spec": "chara_card_v3", "spec_version": "3.0", "data": DATA},
        DATA,
        {**CARD, "data": {**DATA, "personality": ""}},
        {**CARD, "data": {**DATA, "description": ""}},
    ],
    ids=["V3", "V1", "no personality", "no description"],
)
def test_every_card_is_a_persona_that_the_offline_teacher_can_write_for(
    write: Write, card: dict[str, Any], passages: list[Passage]
) -> None:
    persona = load_persona(write("card.json", json.dumps(card)))
    records = list(generate_persona_texts(passages, persona, GenerationPlan("c")))
    assert any(isinstance(record, Candidate) for record in records)
    assert "{{" not in json.dumps(persona.system + persona.description)


def test_a_card_s_system_prompt_and_nickname_are_used(write: Write) -> None:
    data = {**DATA, "nickname": "T", "system_prompt": "Be {{char}}. {{original}}"}
    data["post_history_instructions"] = "Stay {{char}}."
    persona = load_persona(write("card.json", json.dumps({**CARD, "data": data})))
    assert persona.system.startswith("Be T. You are Tarn. T keeps a mill")
    assert persona.system.endswith("\n\nStay T.")


@pytest.mark.parametrize(
    ("choice", "name", "line"),
    [
        ("#1", "Hub 1", LINES[0]["persona"]),
        ("#2", "Ada", LINES[1]["persona"]),
        ("#Ada", "Ada", LINES[1]["persona"]),
    ],
)
def test_one_of_several_one_line_personas_is_chosen(
    write: Write, choice: str, name: str, line: str
) -> None:
    path = write("hub.jsonl", "\ufeff" + "\n\n".join(map(json.dumps, LINES)))
    persona = load_persona(f"{path}{choice}")
    assert (persona.name, persona.system) == (name, f"You are {name}. {line}")
    assert len(persona.traits) == 2


def test_the_only_one_line_persona_needs_no_choice(write: Write) -> None:
    persona = load_persona(write("old_miller.json", '{"persona": "A miller"}'))
    assert persona.name == "Old miller"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TRAITS),
        json.dumps({"traits": TRAITS}),
        "\ufeff" + json.dumps(TRAITS),
        "\n".join([json.dumps(TRAITS[0]), "   ", json.dumps(TRAITS[1]), ""]),
    ],
    ids=["list", "object", "BOM", "blank lines"],
)
def test_traits_without_questions_are_traits(write: Write, text: str) -> None:
    persona = load_persona(write("mill.json", text))
    assert [trait.asks for trait in persona.traits] == [(), ("Is it wet?",)]


@pytest.mark.parametrize(
    ("text", "choice", "problem"),
    [
        (json.dumps(LINES), "", "it contains 2 personas, and a campaign uses only one. To choose"),
        (json.dumps(LINES), "#3", "it contains 2 personas, and none of them is “3”"),
        (json.dumps(TRAITS), "#1", "it contains a single persona; remove “#1”"),
        (json.dumps({**CARD, "data": {}}), "", "a character card needs a `name` and a `desc"),
        (json.dumps({**CARD, "data": {"name": 3}}), "", "`name` must be text"),
        ('{"id": 1, "text": "x"}', "", "it isn't a constitution, character card or one-line "
         "persona (it has `id`, `text`)"),
    ],
)  # fmt: skip
def test_other_files_and_choices_are_rejected(
    write: Write, text: str, choice: str, problem: str
) -> None:
    path = write("other.json", text)
    with pytest.raises(ConfigError) as error:
        load_persona(f"{path}{choice}")
    assert str(error.value).startswith(f"{path}: {problem}")


def test_the_language_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "leute.jsonl"
    lines = ["Eine Wärterin, die Knöpfe sammelt.", "A keeper who collects buttons."]
    path.write_text("\n".join(json.dumps({"persona": line}) for line in lines), encoding="utf-8")
    assert load_persona(f"{path}#1").language == "de"
    assert load_persona(f"{path}#2").language == "en"
