"""Read a persona from a constitution, the format of Open Character Training (Maiya et al., 2025).

A constitution is a set of traits, stored as a JSON array or a JSON Lines file. Each trait is a
sentence in the first person, optionally with questions that reveal it. A constitution doesn't say
which words show a trait, so no word-based check can tell whether a text shows it, and the offline
teacher can do little more than quote the trait.
"""

from functools import partial
from typing import Any

from pipelines.prompting import render_exactly

FORMAT = '{"trait": "I …", "questions": ["…"]}'
PHRASES = {
    "statement_openings": ["I have been reading about {topic}.", "Take {topic}."],
    "statement_closings": ["That is how I am."],
    "answer_openings": ["Let me see.", "Well."],
    "follow_ups": ["Why do you say so?", "What do you make of it?", "And what else?"],
    "document_openings": ["{name} is a character of its own."],
    "document_closings": ["{name} has been consistent in this."],
}
ESCAPES = str.maketrans({"{": "(", "}": ")", "|": "/"})  # special characters in phrases


def constitution_data(items: list[Any], stem: str) -> dict[str, Any]:
    """Convert a constitution to the keys of a persona file.

    The persona is named after the file's stem. Raises `ValueError` if the items aren't traits or if
    there are fewer than two.
    """
    entries = _entries(items)
    if len(entries) < 2:
        raise ValueError(
            f"a persona needs at least two traits, but this one has {len(entries)}; add more in "
            f"the form {FORMAT}"
        )
    name = stem.replace("_", " ").replace("-", " ").capitalize()
    sentences = [sentence for sentence, _ in entries]
    prompt = partial(render_exactly, "constitution.v1", name=name, traits=sentences)
    return {
        "name": name,
        "description": prompt("description").removesuffix("\n"),
        "system": prompt("system").removesuffix("\n"),
        "facts": [{"first": s, "third": f"{name} says: “{s}”"} for s in sentences],
        "turns": [],
        "traits": [_trait(f"{stem}-{n}", name, *entry) for n, entry in enumerate(entries, 1)],
        "phrasebook": PHRASES,
        "prompts": {"dialogue": "dialogue.v2"},
    }


def _trait(label: str, name: str, sentence: str, asks: list[str]) -> dict[str, Any]:
    line = sentence.translate(ESCAPES)
    return {
        "name": label,
        "description": sentence,
        "shows": [sentence],
        "never": ["the opposite"],
        "markers": [],
        "says": [line],
        "reported": [f"Asked about {{topic}}, {name} said: “{line}”"],
        "asks": asks,
    }


def _entries(items: list[Any]) -> list[tuple[str, list[str]]]:
    try:
        return [_entry(item) for item in items]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        keys = ", ".join(f"`{key}`" for key in items[0]) if isinstance(items[0], dict) else ""
        found = f"it has {keys}" if keys else type(error).__name__
        raise ValueError(
            f"it isn't a constitution, character card or one-line persona ({found}). A "
            f"constitution is a JSON list or JSON Lines file of {FORMAT}"
        ) from error


def _entry(item: dict[str, Any]) -> tuple[str, list[str]]:
    asks = [*(item.get("questions") or []), *(item.get("additional_questions") or [])]
    if not item["trait"].strip() or not all(isinstance(question, str) for question in asks):
        raise ValueError("every trait must be non-empty, and every question must be text")
    return item["trait"].strip(), [question for question in asks if question.strip()]
