"""Read a persona from a character card (V1 to V3, in JSON) or a one-line description."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.prompting import render_exactly
from pipelines.text.sentences import split_sentences
from pipelines.voices.constitution import ESCAPES, PHRASES

_USED = {
    *("name", "nickname", "description", "personality", "scenario", "first_mes", "mes_example"),
    *("alternate_greetings", "system_prompt", "post_history_instructions"),
}
"""The fields of a character card that a persona can store."""
_ACTION = re.compile(r"\*[^*]*\*")
_LABEL_LENGTH = 40


@dataclass(frozen=True)
class PersonaData:
    """The values for a persona file, and the source fields that a persona file can't store."""

    values: dict[str, Any]
    unused: tuple[str, ...] = field(default=())


def is_card(item: Any) -> bool:
    """Return whether a JSON value is a character card."""
    return isinstance(item, dict) and ("spec" in item or {"name", "first_mes"} <= item.keys())


def card_data(card: Mapping[str, Any]) -> PersonaData:
    """Convert a character card to a persona.

    Raises `ValueError` if the card has no name or description, or if a field isn't text.
    """
    data = card.get("data", card)
    if not isinstance(data, dict):
        raise ValueError("`data` must be a JSON object")  # noqa: TRY004 (the file is wrong)
    name = _text(data, "name")
    called = _text(data, "nickname") or name

    def text(key: str) -> str:
        return _fill(_text(data, key), called)

    parts = {key: text(key) for key in ("description", "personality", "scenario")}
    if not name or not (parts["description"] or parts["personality"]):
        raise ValueError("a character card needs a `name` and a `description`; add the missing one")
    default = _render("system", name=name, **parts)
    system = text("system_prompt").replace("{{original}}", default) or default
    lines = [text("first_mes"), *_greetings(data, called), *_examples(text("mes_example"), called)]
    values = _character(name, parts["description"] or parts["personality"], parts["personality"])
    values |= {
        "description": _render("description", **parts),
        "system": "\n\n".join(filter(None, (system, text("post_history_instructions")))),
        "turns": list(filter(None, (_ACTION.sub("", line).strip() for line in lines))),
    }
    return PersonaData(
        values, tuple(key for key, value in data.items() if value and key not in _USED)
    )


def line_data(name: str, line: str) -> PersonaData:
    """Convert a one-line description (“A lighthouse keeper who collects buttons”) to a persona."""
    parts = {"description": line, "personality": "", "scenario": ""}
    description = _render("description", **parts)
    system = _render("system", name=name, **parts)
    return PersonaData(_character(name, line, "") | {"description": description, "system": system})


def _character(name: str, description: str, personality: str) -> dict[str, Any]:
    qualities = list(dict.fromkeys(filter(None, map(_trim, re.split(r"[,;\n]", personality)))))
    traits = [_quality(n, name, quality) for n, quality in enumerate(qualities, 1)]
    return {
        "name": name,
        "facts": [{"first": s, "third": s} for s in split_sentences(description) or [description]],
        "turns": [],
        "traits": traits if len(traits) > 1 else _general_traits(name, description),
        "phrasebook": PHRASES,
        "prompts": {"dialogue": "dialogue.v2"},
    }


def _quality(number: int, name: str, quality: str) -> dict[str, Any]:
    line = quality.translate(ESCAPES).rstrip(".")
    return {
        "name": quality if len(quality) <= _LABEL_LENGTH else f"trait {number}",
        "description": quality,
        "shows": [quality],
        "never": ["the opposite"],
        "markers": [],
        "says": [f"People say this of me: {line}."],
        "reported": [f"People say this of {name}: {line}."],
    }


def _general_traits(name: str, description: str) -> list[dict[str, Any]]:
    """Return two generic traits for a character whose description mentions none."""
    background = _quality(1, name, description)
    background |= {"name": "in character", "never": ["speaks as an assistant"]}
    view = _quality(2, name, "answers from experience")
    view |= {
        "name": "own point of view",
        "description": f"Answers from {name}'s own experience and point of view.",
        "never": ["gives advice that anybody could give"],
    }
    return [background, view]


def _render(block: str, **values: str) -> str:
    return render_exactly("character.v1", block, **values).strip()


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key) or ""
    if not isinstance(value, str):
        raise ValueError(f"`{key}` must be text")  # noqa: TRY004 (the file is wrong)
    return value.strip()


def _greetings(data: Mapping[str, Any], name: str) -> list[str]:
    return [_fill(str(greeting), name) for greeting in data.get("alternate_greetings") or []]


def _examples(dialogues: str, name: str) -> list[str]:
    """Return the character's lines in the example dialogues."""
    prefix = f"{name}:"
    lines = (line.strip() for line in dialogues.splitlines())
    return [line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)]


def _fill(text: str, name: str) -> str:
    """Fill in the placeholders in a card's text."""
    values = {"{{char}}": name, "<BOT>": name, "{{user}}": "the user", "<USER>": "the user"}
    for place, value in values.items():
        text = value.join(re.split(re.escape(place), text, flags=re.IGNORECASE))
    return text.strip()


def _trim(text: str) -> str:
    return text.strip(" .\t\r")
