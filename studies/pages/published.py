"""The published numbers of the two original studies, and the flaws in their methods."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def published(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table in `published.toml`."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return tuple(tuple(row) for row in tomllib.loads(text)[name])
