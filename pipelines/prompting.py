"""Render the prompt files `prompts/<name>.vN.jinja`, and extract values from a prompt."""

import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
ChatMessages: TypeAlias = list[dict[str, str]]
"""Chat messages in the format that teachers receive: a role and the content."""
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
    """Return the names (name.vN) of the prompts that a tone or persona file may use."""
    files = sorted(path.name for path in FOLDER.glob("*.jinja"))
    return [Path(file).stem for file in files if "user" in ENVIRONMENT.get_template(file).blocks]


def render_block(name: str, block: str, **values: Any) -> str:
    """Render one block of a prompt file. Raises `UndefinedError` if a value is missing."""
    return render_exactly(name, block, **values).strip()


def render_exactly(name: str, block: str, /, **values: Any) -> str:
    """Render one block of a prompt file, and keep the white space around the text."""
    template = ENVIRONMENT.get_template(f"{name}.jinja")
    return "".join(template.blocks[block](template.new_context(values)))


def render_prompt(name: str, **values: Any) -> ChatMessages:
    """Render a prompt file as a system and a user message.

    Raises `UndefinedError` if a value is missing.
    """
    return [
        {"role": role, "content": render_block(name, role, **values)} for role in ("system", "user")
    ]


def extract_tag(prompt: str, tag: str) -> str:
    """Return the text of an XML element in a prompt, or an empty string if it's missing."""
    start, end = prompt.find(f"<{tag}>"), prompt.rfind(f"</{tag}>")
    return prompt[start + len(tag) + 2 : end].strip() if 0 <= start < end else ""


def reply_key(prompt: str) -> str:
    """Return the key of the JSON object that a prompt's last line requests, or an empty string."""
    match = _REPLY_KEY.search(prompt[prompt.rfind("\n") + 1 :])
    return match.group(1) if match else ""


def question_count(prompt: str) -> int:
    """Return the number of questions that a prompt requests."""
    match = _QUESTION_COUNT.search(prompt)
    return int(match.group(1)) if match else 1
