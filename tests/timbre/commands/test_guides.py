"""Every command in the README and the guides parses, and every link leads somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from tests.product_files import ROOT
from tests.timbre.commands.test_help import COMMANDS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / "guides").glob("*.md")]
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?timbre (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s:]*)(?:#([\w-]+))?\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = "\n".join(blocks).replace(" && ", "\n")
    return [shlex.split(line, comments=True) for line in _COMMAND.findall(lines)]


def test_the_walkthrough_has_the_commands_from_init_to_report() -> None:
    page = ROOT / "docs" / "guides" / "your-own-voice.md"
    names = [" ".join(words[:2]) for words in commands(page)]
    steps = ("init harbour", "check harbour", "generate harbour", "review push", "review pull")
    places = [names.index(step) for step in (*steps, "version freeze")]
    assert places == sorted(places)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_parses(page: Path) -> None:
    for words in commands(page):
        length = next(n for n in (2, 1, 3) if " ".join(["timbre", *words[:n]]) in COMMANDS)
        name = " ".join(["timbre", *words[:length]])
        COMMANDS[name].make_context(name, words[length:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for file, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), file
        if anchor:
            headings = _HEADING.findall(target.read_text(encoding="utf-8"))
            names = [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings]
            assert anchor in names, anchor
