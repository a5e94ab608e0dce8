"""Render the prompt files `prompts/<name>.vN.jinja`, and extract values from a prompt."""

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
ChatMessages: TypeAlias = list[dict[str, str]]
"""Chat messages as teachers receive them, each with a role and its content."""
_REPLY_KEY = re.compile(r'\{"([a-z_]+)": [\["]')
_QUESTION_COUNT = re.compile(r"Ask (\d+) different")


ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    autoescape=False,  # prompts aren't HTML, and escaping would change the passages
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def prompt_names() -> list[str]:
    """The prompts that a tone or persona file may name, as name.vN."""
    files = sorted(path.name for path in FOLDER.glob("*.jinja"))
    return [Path(file).stem for file in files if "user" in ENVIRONMENT.get_template(file).blocks]


def render_block(name: str, block: str, **values: Any) -> str:
    """One block of a prompt file; raises `UndefinedError` if a value is missing."""
    return render_exactly(name, block, **values).strip()


def render_exactly(name: str, block: str, /, **values: Any) -> str:
    """One block of a prompt file, including the white space around its text."""
    template = ENVIRONMENT.get_template(f"{name}.jinja")
    return "".join(template.blocks[block](template.new_context(values)))


def render_prompt(name: str, **values: Any) -> ChatMessages:
    """A prompt file as a system and a user message; `UndefinedError` if a value is missing."""
    return [
        {"role": role, "content": render_block(name, role, **values)} for role in ("system", "user")
    ]


def extract_tag(prompt: str, tag: str) -> str:
    """The text of an XML element in a prompt, empty if there is none."""
    start, end = prompt.find(f"<{tag}>"), prompt.rfind(f"</{tag}>")
    return prompt[start + len(tag) + 2 : end].strip() if 0 <= start < end else ""


def reply_key(prompt: str) -> str:
    """The key of the JSON object that the last line of a prompt asks for, empty if there's none."""
    match = _REPLY_KEY.search(prompt[prompt.rfind("\n") + 1 :])
    return match.group(1) if match else ""


def question_count(prompt: str) -> int:
    """The number of questions that a prompt asks for."""
    match = _QUESTION_COUNT.search(prompt)
    return int(match.group(1)) if match else 1
