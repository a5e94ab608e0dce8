"""Render the prompt files `prompts/<name>.vN.jinja`, and extract values from a prompt.

A prompt file has a system and a user block. If it also has a block `text_reply` or `json_reply`,
worked examples are shown before the user's turn, each as a user and an assistant turn, and the
reply is plain text or a JSON object. The examples come first because they are the same for every
row, so a server can cache them. Files without such a block ask for a JSON object in their last
line.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "prompts"
ChatMessages: TypeAlias = list[dict[str, str]]
"""Chat messages in the format that teachers receive: a role and the content."""
TEXT_REPLY, JSON_REPLY = "text_reply", "json_reply"
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
# Jinja's own filter escapes characters for HTML.
ENVIRONMENT.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)


@cache
def prompt_names() -> list[str]:
    """Return the names (name.vN) of the prompts that a tone or persona file may use."""
    files = sorted(path.name for path in FOLDER.glob("*.jinja"))
    return [Path(file).stem for file in files if {"system", "user"} <= {*_blocks(file)}]


def _blocks(file: str) -> Iterable[str]:
    return ENVIRONMENT.get_template(file).blocks


def render_block(name: str, block: str, **values: Any) -> str:
    """Render one block of a prompt file. Raises `UndefinedError` if a value is missing."""
    return render_exactly(name, block, **values).strip()


def render_exactly(name: str, block: str, /, **values: Any) -> str:
    """Render one block of a prompt file, including the white space around the text."""
    template = ENVIRONMENT.get_template(f"{name}.jinja")
    return "".join(template.blocks[block](template.new_context(values)))


def render_prompt(name: str, **values: Any) -> ChatMessages:
    """Render a prompt file as a system and a user message.

    Raises `UndefinedError` if a value is missing.
    """
    return [
        {"role": role, "content": render_block(name, role, **values)} for role in ("system", "user")
    ]


def render_examples(name: str, examples: Iterable[Mapping[str, Any]]) -> ChatMessages:
    """Worked examples as turns; each has a value for every variable of the user and reply blocks.

    Empty if the file has no block for replies.
    """
    reply = reply_block(name)
    return [
        {"role": role, "content": render_block(name, block, **example)}
        for example in examples
        for role, block in (("user", "user"), ("assistant", reply))
        if reply
    ]


@cache
def reply_block(name: str) -> str:
    """The block of a prompt file that shows a reply, empty if it has none."""
    blocks = _blocks(f"{name}.jinja")
    return next((block for block in (TEXT_REPLY, JSON_REPLY) if block in blocks), "")


@cache
def file_examples(name: str) -> tuple[dict[str, Any], ...]:
    """The worked examples of a prompt file: a JSON list in its block `examples`, or none."""
    has_examples = "examples" in _blocks(f"{name}.jinja")
    return tuple(json.loads(render_block(name, "examples"))) if has_examples else ()


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
