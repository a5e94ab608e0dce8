"""Render the prompt files `prompts/<name>.vN.jinja`, and extract values from a prompt.

A prompt file has a system and a user block. If it also has a block `text_reply` or `json_reply`,
worked examples are shown before the user's turn, each as a user and an assistant turn, and the
reply is plain text or a JSON object. The examples come first because they are the same for every
row, so a server can cache them. Files without such a block ask for a JSON object in their last
line.

A campaign's folder may have prompt files of its own, which replace those of the same names. Such a
file is called by its path without the ending, so everything here works with both.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import FunctionLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from db.records import digest
from pipelines.text.files import read_text

FOLDER = Path(__file__).parent / "prompts"
ChatMessages: TypeAlias = list[dict[str, str]]
"""Chat messages in the format that teachers receive: a role and the content."""
TEXT_REPLY, JSON_REPLY = "text_reply", "json_reply"
_OTHER_FILES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_REPLY_KEY = re.compile(r'\{"([a-z_]+)": [\["]')
_QUESTION_COUNT = re.compile(r"Ask (\d+) different")


def _load(name: str) -> str | None:
    """The text of a shipped prompt file, or of one in a campaign's prompt folder, by its path."""
    path = FOLDER / name
    is_prompt = path.parent.name == FOLDER.name and path.suffix == ".jinja" and path.is_file()
    return read_text(path) if is_prompt else None


ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FunctionLoader(_load),
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


def choose_prompt(name: str, folder: Path | None) -> str:
    """The name of the file in a campaign's prompt folder, or else the name of the shipped file."""
    own = folder.resolve() / f"{name}.jinja" if folder and name else None
    return str(own.with_suffix("")) if own and own.is_file() else name


def prompt_label(name: str) -> str:
    """What provenance calls a prompt: its name, and the hash of the text if it isn't shipped."""
    path = Path(f"{name}.jinja")
    return f"{path.stem}@{digest(read_text(path))[:12]}" if path.is_absolute() else name


def find_prompt_problems(folder: Path) -> Iterator[str]:
    """A sentence for each file in a campaign's prompt folder that can't replace a shipped one."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix != ".jinja" or path.stem not in prompt_names():
            names = ", ".join(f"{name}.jinja" for name in prompt_names())
            yield f"{path.name}: no prompt has this name; use one of {names}."
            continue
        try:
            blocks = {*_blocks(str(path.resolve()))}
        except TemplateSyntaxError as error:
            yield f"{path.name}: line {error.lineno}: {error.message}."
            continue
        if [*ENVIRONMENT.parse(read_text(path)).find_all(_OTHER_FILES)]:
            yield f"{path.name}: it includes another file; write everything into this one."
        if missing := {*_blocks(path.name)} - {"examples"} - blocks:
            yield f"{path.name}: it lacks the block {', '.join(sorted(missing))}."
        if unknown := _variables(path) - _variables(FOLDER / path.name):
            known = ", ".join(sorted(_variables(FOLDER / path.name)))
            yield f"{path.name}: it uses {', '.join(sorted(unknown))}, but it may use only {known}."


def _variables(path: Path) -> set[str]:
    return find_undeclared_variables(ENVIRONMENT.parse(read_text(path)))


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
