"""Render the prompt files `prompts/<name>.vN.jinja`, and extract values from a prompt.

Each prompt file has a system block and a user block. If the file also has a block `text_reply` or
`json_reply`, the prompt contains worked examples before the user's turn, each as a user and an
assistant turn. The block `text_reply` stands for a plain-text reply, and `json_reply` for a JSON
object. Worked examples come first because they are the same for every row, which allows servers to
cache them. In a prompt file without a reply block, the last line asks for a JSON object.

Prompt files in a campaign's folder replace the built-in files with the same names. A replacement
file is referred to by its path without the suffix.
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
    """Return the text of a built-in prompt file, or of a file in a campaign's prompt folder."""
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
    """Return the names of the built-in prompts that a tone or persona file may use."""
    files = sorted(path.name for path in FOLDER.glob("*.jinja"))
    return [Path(file).stem for file in files if {"system", "user"} <= {*_blocks(file)}]


def _blocks(file: str) -> Iterable[str]:
    return ENVIRONMENT.get_template(file).blocks


def choose_prompt(name: str, folder: Path | None) -> str:
    """Return the path (without suffix) of a campaign's own prompt file, or else the given name."""
    own = folder.resolve() / f"{name}.jinja" if folder and name else None
    return str(own.with_suffix("")) if own and own.is_file() else name


def prompt_label(name: str) -> str:
    """Return a prompt's name, with a hash of its text if the prompt isn't built in."""
    path = Path(f"{name}.jinja")
    return f"{path.stem}@{digest(read_text(path))[:12]}" if path.is_absolute() else name


def find_prompt_problems(folder: Path) -> Iterator[str]:
    """Yield an error message for each file in a campaign's prompt folder that can't be used."""
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
    """Render one block of a prompt file, without white space around the text.

    Raises `UndefinedError` if the block uses a value that isn't given.
    """
    return render_exactly(name, block, **values).strip()


def render_exactly(name: str, block: str, /, **values: Any) -> str:
    """Render one block of a prompt file, including the white space around the text."""
    template = ENVIRONMENT.get_template(f"{name}.jinja")
    return "".join(template.blocks[block](template.new_context(values)))


def render_prompt(name: str, **values: Any) -> ChatMessages:
    """Render a prompt file as a system message and a user message.

    Raises `UndefinedError` if the prompt file uses a value that isn't given.
    """
    return [
        {"role": role, "content": render_block(name, role, **values)} for role in ("system", "user")
    ]


def render_examples(name: str, examples: Iterable[Mapping[str, Any]]) -> ChatMessages:
    """Render worked examples as user and assistant turns.

    Returns an empty list if the prompt file has no block for replies.
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
    """Return the name of the block that shows a reply, or "" if the prompt file has none."""
    blocks = _blocks(f"{name}.jinja")
    return next((block for block in (TEXT_REPLY, JSON_REPLY) if block in blocks), "")


@cache
def file_examples(name: str) -> tuple[dict[str, Any], ...]:
    """Return the worked examples in a prompt file, from the JSON list in its block `examples`."""
    has_examples = "examples" in _blocks(f"{name}.jinja")
    return tuple(json.loads(render_block(name, "examples"))) if has_examples else ()


def extract_tag(prompt: str, tag: str) -> str:
    """Return the text of an XML element in a prompt, or "" if there is no such element."""
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
