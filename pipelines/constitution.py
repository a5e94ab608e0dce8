"""A persona from a constitution in the form of Open Character Training (Maiya et al., 2025).

That is a list of traits, each a sentence in the first person with questions that bring it out; as
one JSON list, or as JSON Lines. It names no words that show a trait, so that no check of words can
tell whether one shows, and the offline teacher can do little more than quote it.
"""

import json
from pathlib import Path
from typing import Any

from pipelines.form import FormError

EXPECTED = '{"trait": "I …", "questions": ["…"]}'
_PHRASES = {
    "statement_openings": ["I have been reading about {topic}.", "Take {topic}."],
    "statement_closings": ["That is how I am."],
    "answer_openings": ["Let me see.", "Well."],
    "follow_ups": ["Why do you say so?", "What do you make of it?", "And what else?"],
    "document_openings": ["{name} is a character of its own."],
    "document_closings": ["{name} has been consistent in this."],
}
_ESCAPED = str.maketrans({"{": "(", "}": ")", "|": "/"})  # what phrases are written with


def is_constitution(path: Path) -> bool:
    """Whether a file is one by its ending: a persona file ends in .toml."""
    return path.suffix in {".json", ".jsonl", ".txt"}


def constitution_form(path: Path) -> dict[str, Any]:
    """What a persona file with the traits of a constitution would say; its name is the file's.

    Raises `FormError` if the file is no such list, or has fewer than two traits.
    """
    entries = _entries(path)
    if len(entries) < 2:  # two traits make a persona
        raise FormError(f"found {len(entries)} traits in {path}, expected two or more {EXPECTED}")
    name = path.stem.replace("_", " ").replace("-", " ").capitalize()
    said = [sentence for sentence, _ in entries]
    return {
        "name": name,
        "description": f"{name} is a character who says of themself: {' '.join(said)}",
        "system": f"You are {name}. {' '.join(said)}",
        "facts": [{"first": s, "third": f"{name} says: “{s}”"} for s in said],
        "turns": [],
        "traits": [_trait(f"{path.stem}-{n}", name, *e) for n, e in enumerate(entries, 1)],
        "phrasebook": _PHRASES,
        "prompts": {"dialogue": "dialogue.v2"},
    }


def _trait(label: str, name: str, sentence: str, asks: list[str]) -> dict[str, Any]:
    plain = sentence.translate(_ESCAPED)
    return {
        "name": label,
        "description": sentence,
        "shows": [sentence],
        "never": ["the opposite"],
        "markers": [],
        "says": [plain],
        "reported": [f"Asked about {{topic}}, {name} said: “{plain}”"],
        "asks": asks,
    }


def _entries(path: Path) -> list[tuple[str, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8")
        listed = text.lstrip().startswith("[")
        data = json.loads(text) if listed else [json.loads(x) for x in text.splitlines() if x]
        return [_entry(item) for item in data]
    except OSError as error:
        raise FormError(
            f"found {path} that cannot be read ({error.strerror}), expected a constitution; check "
            "the path"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormError(
            f"found {path} to be no constitution ({type(error).__name__}), expected a list or "
            f"lines of {EXPECTED}; correct the file"
        ) from error


def _entry(item: dict[str, Any]) -> tuple[str, list[str]]:
    asks = [*item["questions"], *item.get("additional_questions", [])]
    if not item["trait"].strip() or not all(isinstance(question, str) for question in asks):
        raise ValueError("an empty trait, or a question that is no text")
    return item["trait"].strip(), [question for question in asks if question.strip()]
