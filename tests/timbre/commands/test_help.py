"""Every command is documented, and every help text has an example that parses."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from tests.product_files import ROOT
from timbre.__main__ import app


def commands(group: Any, path: tuple[str, ...] = ("timbre",)) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def example(name: str) -> str:
    match = re.search(r"^Example: (.+)$", COMMANDS[name].help or "", re.MULTILINE)
    assert match, f"{name} --help has no example"
    return match.group(1)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_an_example_that_parses(name: str) -> None:
    line = example(name)
    assert line.startswith(f"{name}")
    arguments = shlex.split(line)[len(name.split()) :]
    COMMANDS[name].make_context(name, arguments)


def test_every_command_is_in_the_readme_or_the_docs() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [name for name in COMMANDS if name not in text] == []


def test_the_command_line_imports_no_stage_library() -> None:
    heavy = "{'torch', 'transformers', 'distilabel', 'argilla', 'sqlalchemy', 'altair'}"
    code = f"import sys, timbre.__main__; print(sorted({heavy} & set(sys.modules)))"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"
