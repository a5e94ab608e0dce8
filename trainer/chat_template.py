"""Prepare a model's chat template so that training, answering and serving use the same tokens.

A prepared template marks the assistant's turns (if TRL supports this), prints a fixed date instead
of today's, accepts a system prompt, and doesn't make the model think before it answers.
Exports contain the prepared template.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import get_training_chat_template

from trainer.errors import TrainerError

_TODAY = datetime(2024, 7, 26)  # noqa: DTZ001 - a date without a place
DATE = f"{_TODAY:%d %b %Y}"
"""The date that templates print: a fixed one, so that a run doesn't depend on the day."""
_NOW = re.compile(r"strftime_now\(\s*(?P<quote>['\"])(?P<format>.*?)(?P=quote)\s*\)")
_TAGS = r"<(?:think|thinking|thought|reasoning|seed:think)>|\[THINK\]"
_OPEN_THOUGHT = re.compile(rf"(?P<tag>{_TAGS})\s*\Z")
_SYSTEM, _USER = "⟦system⟧", "⟦user⟧"
_FOLD = (
    "{%- if messages | length > 1 and messages[0]['role'] == 'system' "
    "and messages[1]['role'] == 'user' %}"
    "{%- set messages = [{'role': 'user', 'content': messages[0]['content'] + '\\n\\n' "
    "+ messages[1]['content']}] + messages[2:] %}"
    "{%- endif %}{{- '' }}"
)
_FIXED_NOW = "{%- macro strftime_now(style) -%}" + DATE + "{%- endmacro %}{{- '' }}"
_NO_THINKING = "{%- set enable_thinking = false %}{{- '' }}"


@dataclass(frozen=True, slots=True)
class PreparedTemplate:
    """A prepared chat template, and a sentence about each change that affects the model's input."""

    text: str
    notes: tuple[str, ...] = ()


def prepare_template(tokenizer: PreTrainedTokenizerBase) -> PreparedTemplate:
    """Prepare a tokenizer's chat template.

    Raises `TrainerError` if there is no template, or if the template makes the model think and this
    can't be turned off.
    """
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    if not template:
        raise TrainerError(
            f"The tokenizer of {tokenizer.name_or_path} has no chat template, so chats can't "
            "be encoded. Use the instruct version of the model."
        )
    try:
        marked = get_training_chat_template(tokenizer)
    except Exception:  # rendering a broken template reports the error
        marked = None
    text = _NOW.sub(lambda match: repr(_TODAY.strftime(match["format"])), marked or template)
    for name, definition in (("strftime_now(", _FIXED_NOW), ("enable_thinking", _NO_THINKING)):
        if name in text and definition not in text:
            text = definition + text
    notes = []
    answering = _without_open_thought(tokenizer, text)
    if answering != text:
        notes.append(
            "The chat template makes the model think before it answers. Timbre leaves that out, in "
            "training and when asked."
        )
    accepting = _with_system(tokenizer, answering)
    if accepting != answering:
        notes.append(
            "The chat template has no system turn, so a system prompt is put before the first "
            "user message, in training and when asked."
        )
    return PreparedTemplate(accepting, tuple(notes))


def _with_system(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """Return a template that supports system prompts, if necessary as part of the user's message.

    Some templates raise an error for a system message, and others ignore it.
    """
    chat = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]
    if _render(tokenizer, template, chat[1:]) is None:
        return template  # rendering a chat will report the broken template
    if _SYSTEM in (_render(tokenizer, template, chat) or ""):
        return template
    folding = _FOLD + template
    return folding if _SYSTEM in (_render(tokenizer, folding, chat) or "") else template


def _without_open_thought(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """Return the template, changed so that prompts don't end inside a thought.

    Raises `TrainerError` if prompts end inside a thought and its tag can't be removed.
    """
    chat = [{"role": "user", "content": _USER}]
    prompt = _render(tokenizer, template, chat) or ""
    thought = _OPEN_THOUGHT.search(prompt)
    if thought is None:
        return template
    before, condition, after = template.rpartition("add_generation_prompt")
    tag = rf"{re.escape(thought['tag'])}(?:\\n|\s)*(?=['\"]|\{{%)"
    answering = before + condition + re.sub(tag, "", after)
    if _render(tokenizer, answering, chat) != prompt[: thought.start()]:
        raise TrainerError(
            f"The chat template of {tokenizer.name_or_path} makes the model think before it "
            f"answers ({thought['tag']}), and Timbre can't turn that off. Use a model that doesn't "
            "think, or remove the tag from the template's generation prompt."
        )
    return answering


def _render(
    tokenizer: PreTrainedTokenizerBase, template: str, chat: list[dict[str, str]]
) -> str | None:
    """Render a chat up to the start of the assistant's turn, or return None if that fails."""
    options: Any = {"tokenize": False, "add_generation_prompt": True}
    try:
        return str(tokenizer.apply_chat_template(chat, chat_template=template, **options))
    except Exception:  # a template can raise any error
        return None
