"""Prompts as files: `prompts/<name>.vN.jinja`, each with a block for the system and the user."""

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
Chat: TypeAlias = list[dict[str, str]]
_ASKED = re.compile(r'\{"([a-z_]+)": [\["]')
_COUNT = re.compile(r"Ask (\d+) different")


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # No HTML is made here, and escaping would change the texts that are to be copied.
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # as above
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")


def prompt_names() -> list[str]:
    """The prompt files there are, as name.vN."""
    return sorted(path.stem for path in FOLDER.glob("*.jinja"))


def block(name: str, role: str, **values: Any) -> str:
    """One block of a prompt, filled; a value that it lacks is an error."""
    template = _template(name)
    return "".join(template.blocks[role](template.new_context(values))).strip()


def render(name: str, **values: Any) -> Chat:
    """A prompt as chat messages, system first; a value that it lacks is an error."""
    return [{"role": role, "content": block(name, role, **values)} for role in ("system", "user")]


def part(prompt: str, tag: str) -> str:
    """The text between a tag of a prompt and its end, empty where it has no such part."""
    start, end = prompt.find(f"<{tag}>"), prompt.rfind(f"</{tag}>")
    return prompt[start + len(tag) + 2 : end].strip() if 0 <= start < end else ""


def asked_for(prompt: str) -> str:
    """The key of the JSON object that the last line of a prompt asks for, empty if it asks none."""
    found = _ASKED.search(prompt[prompt.rfind("\n") + 1 :])
    return found.group(1) if found else ""


def how_many(prompt: str) -> int:
    """How many questions a prompt asks for."""
    found = _COUNT.search(prompt)
    return int(found.group(1)) if found else 1
