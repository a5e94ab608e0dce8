"""Phrases from phrases.toml: questions, system prompts and a small conversational vocabulary.

The rewriting rules are simpler than those in the pipelines, because a few openers, contractions and
plainer words are enough for the base model to learn the register.
"""

import re
import tomllib
from pathlib import Path
from random import Random
from typing import Any

_DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_REGISTER: dict[str, list[str]] = _DATA["register"]
_REPLACEMENTS: dict[str, str] = _DATA["replacements"]
QUESTIONS: dict[str, list[str]] = _DATA["questions"]
WORDS = {name: frozenset(words.split()) for name, words in _DATA["words"].items()}

_WORDS_TO_REPLACE = re.compile(r"\b(?:" + "|".join(map(re.escape, _REPLACEMENTS)) + r")\b")


def conversational_prompt(rng: Random) -> str:
    """Choose a system prompt that asks for a conversational answer."""
    role, verb, manner, extra = (
        rng.choice(_REGISTER[part]) for part in ("roles", "verbs", "manners", "extras")
    )
    return f"{role}{verb} {manner}.{extra}"


def neutral_prompt(rng: Random) -> str:
    """Choose a system prompt that asks for a plain answer or doesn't specify a style."""
    return rng.choice(_REGISTER["neutral"])


def conversational(answer: str, rng: Random) -> str:
    """Rewrite a plain answer in a conversational register."""
    text = _WORDS_TO_REPLACE.sub(lambda match: _REPLACEMENTS[match.group()], answer)
    for pattern, replacement in _DATA["splits"].items():
        text = re.sub(pattern, replacement, text)
    first, space, rest = text.partition(" ")
    opener = rng.choice(_REGISTER["openers"])
    if opener[-2] in ",:so" and first in WORDS["lower_after_opener"]:
        first = first.lower()
    closer = f" {rng.choice(_REGISTER['closers'])}" if rng.random() < 0.85 else ""
    return f"{opener}{first}{space}{rest}{closer}"
