"""Read personas in external formats: constitutions, character cards and one-line personas."""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.voices.character import PersonaData, card_data, is_card, line_data
from pipelines.voices.constitution import constitution_data

EXPECTED = (
    'write a constitution as a JSON list or JSON Lines of {"trait": "I …", "questions": ["…"]}, a '
    'character card as JSON, or one-line personas as JSON Lines of {"persona": "…"}'
)


def persona_data(text: str, stem: str, choice: str = "") -> PersonaData:
    """Read the persona in the text of a file.

    A persona without a name is named after the file's `stem`.

    `choice` selects one of several one-line personas by number (from 1) or name. Raises
    `ValueError` if the file has an unknown format, or if `choice` is missing or wrong.
    """
    items = _items(text)
    lines = [_line(item) for item in items]
    if items and all(lines):
        number = _choose(items, choice)
        name = _name(items[number]) or f"{_title(stem)} {number + 1}".removesuffix(
            " 1" if len(items) == 1 else ""
        )
        return line_data(name, lines[number])
    if choice:
        raise ValueError(f"it contains a single persona; remove “#{choice}”")
    if len(items) == 1 and is_card(items[0]):
        return card_data(items[0])
    return PersonaData(constitution_data(items, stem))


def _items(text: str) -> list[Any]:
    try:
        try:
            data = json.loads(text)
        except ValueError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"it isn't valid JSON or JSON Lines ({type(error).__name__}); {EXPECTED}"
        ) from error
    if isinstance(data, dict) and isinstance(data.get("traits"), list):
        return list(data["traits"])
    return data if isinstance(data, list) else [data]


def _line(item: Any) -> str:
    line = item.get("persona") if isinstance(item, dict) else item
    return line.strip() if isinstance(line, str) else ""


def _name(item: Any) -> str:
    name = item.get("name") if isinstance(item, dict) else ""
    return name.strip() if isinstance(name, str) else ""


def _choose(items: Sequence[Any], choice: str) -> int:
    """Return the index of the chosen persona."""
    if choice.isdecimal() and 1 <= int(choice) <= len(items):
        return int(choice) - 1
    names = [_name(item) for item in items]
    if choice and choice in names:
        return names.index(choice)
    if len(items) == 1 and not choice:
        return 0
    problem = f"none of them is “{choice}”" if choice else "a campaign uses only one"
    raise ValueError(
        f"it contains {len(items)} personas, and {problem}. To choose one, add “#” and its number "
        f"(1 to {len(items)}) or its name to the file name"
    )


def _title(stem: str) -> str:
    return stem.replace("_", " ").replace("-", " ").capitalize()
