"""Load the word lists that scorers use in each language."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def load_lexicon(section: str) -> dict[str, Any]:
    """Load a section of `lexicon.toml`."""
    content: dict[str, Any] = _read()[section]
    return content


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
