"""docs/reference.md lists every key of the configuration files, as the types define them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from recipes.reference import PATH, render_reference

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_page_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == render_reference()


def keys(data: Any) -> set[str]:
    if isinstance(data, list):
        return set().union(*map(keys, data)) if data else set()
    if not isinstance(data, dict):
        return set()
    return set(data).union(*map(keys, data.values()))


@pytest.mark.parametrize(
    ("title", "folder"),
    [
        ("Tone files", "tones"),
        ("Persona files", "personas"),
        ("Campaign files", "campaigns"),
        ("Training files", "training"),
    ],
)
def test_every_key_of_a_shipped_file_is_listed_with_its_meaning(title: str, folder: str) -> None:
    (part,) = (p for p in render_reference().split("\n## ") if p.startswith(title))
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| `")]
    listed = {row[0].strip("|` ") for row in rows}
    used = set[str]()
    for path in (CONFIGS / folder).glob("*.toml"):
        used |= keys(tomllib.loads(path.read_text(encoding="utf-8")))
    assert used <= listed
    assert all(row[-1].strip("| ") for row in rows)
