"""Split text into words, and load word lists."""

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*")


@lru_cache(maxsize=256)  # The checks of a candidate split the same few texts repeatedly.
def split_words(text: str) -> tuple[str, ...]:
    """Return the words and numbers in a text, without punctuation and in their original case."""
    return tuple(_WORD.findall(text))


def load_lexicon(module: str) -> SimpleNamespace:
    """Load a module's section of the `lexicon.toml` in the module's folder.

    Each string in the section is split into a set of words.
    """
    package, _, section = module.rpartition(".")
    values = _read_lexicon(package)[section].items()
    return SimpleNamespace(
        **{name: frozenset(v.split()) if isinstance(v, str) else v for name, v in values}
    )


@cache
def _read_lexicon(package: str) -> dict[str, Any]:
    return tomllib.loads((files(package) / "lexicon.toml").read_text(encoding="utf-8"))
