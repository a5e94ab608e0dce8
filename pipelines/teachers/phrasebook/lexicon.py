"""Word lists and tables from `lexicon.toml`, which has a section for each module."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.text.words import word_set


@cache
def _lexicon() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8"))


def load_words(module: str) -> dict[str, frozenset[str]]:
    """A module's word lists by name."""
    section = _lexicon()[module].items()
    return {name: word_set(words) for name, words in section if isinstance(words, str)}


def load_table(module: str, name: str) -> Any:
    """A module's list or table of texts."""
    return _lexicon()[module][name]
