"""The words and phrases that questions, answers and system prompts are made of."""

import tomllib
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8")
)
QUESTIONS: dict[str, list[str]] = _DATA["questions"]
REGISTER: dict[str, list[str]] = _DATA["register"]
REPLACEMENTS: dict[str, str] = _DATA["replacements"]


def word_set(name: str) -> frozenset[str]:
    """One of the lists of words, as a set."""
    return frozenset(_DATA["words"][name].split())
