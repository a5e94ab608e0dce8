"""Prompts as files: `prompts/<name>.vN.jinja`, each with a block for the system and the user."""

from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
Chat: TypeAlias = list[dict[str, str]]


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
