"""The form of a teacher's reply: plain text, or a JSON object with one key."""

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pipelines.prompting import ChatMessages, render_block, reply_block
from pipelines.text.json_objects import find_objects
from pipelines.text.storable import is_storable

RETRY, RETRY_TURN = "retry.v1", "retry.v2"
MALFORMED_REPLY = "reply without what was asked"
_PLACEHOLDERS = ("…", "...")  # the placeholder that the prompt shows, copied by the teacher
_QUESTION = re.compile(r"\S[^\n]*\?")
_TEXT = {"type": "string"}
_TURN = {
    "type": "object",
    "properties": {"role": {"enum": ["user", "assistant"]}, "content": _TEXT},
    "required": ["role", "content"],
    "additionalProperties": False,
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "questions": {"type": "array", "items": _TEXT},
    "messages": {"type": "array", "items": _TURN},
}


@cache
def reply_schema(key: str, count: int = 0) -> dict[str, Any]:
    """Return the JSON schema of a reply with the given key.

    The value is a string for most keys and a list for the others. If `count` isn't 0, a list may
    have at most `count` items.
    """
    value = _SCHEMAS.get(key, _TEXT)
    if count and value["type"] == "array":
        value = {**value, "maxItems": count}
    return {
        "type": "object",
        "properties": {key: value},
        "required": [key],
        "additionalProperties": False,
    }


@cache
def _validator(key: str) -> Draft202012Validator:
    return Draft202012Validator(reply_schema(key)["properties"][key])


def parse_reply(text: str | None, key: str) -> Any:
    """Return the value of a key in a reply's JSON object, or None if it's missing or malformed.

    Text around the JSON object, such as a code fence, is ignored. If several objects have a valid
    value, the last one counts, because teachers write drafts before answers. An empty value, or a
    value that a database can't store, counts as missing.
    """
    values = [data.get(key) for data in find_objects(text or "")]
    values = [value.strip() if isinstance(value, str) else value for value in values]
    return next((value for value in reversed(values) if _is_usable(value, key)), None)


def _is_usable(value: Any, key: str) -> bool:
    is_placeholder = isinstance(value, str) and value in _PLACEHOLDERS
    return bool(value) and not is_placeholder and _is_valid(value, key) and is_storable(value)


def parse_text(text: str | None, column: str) -> str | None:
    """Return a plain-text reply, or None if the reply is empty, can't be stored, or isn't valid.

    The value of the column `question` must be one line that ends with a question mark.
    """
    value = (text or "").strip()
    is_question = _QUESTION.fullmatch(value) is not None
    is_valid = bool(value) and (is_question or column != "question") and is_storable(value)
    return value if is_valid else None


def _is_valid(value: Any, key: str) -> bool:
    # Most values are texts, which a validator checks far more slowly than `isinstance`.
    return isinstance(value, str) if key not in _SCHEMAS else bool(_validator(key).is_valid(value))


def retry_prompt(name: str) -> str:
    """Return the prompt file that asks for a new reply after a rejected one."""
    return RETRY_TURN if reply_block(name) else RETRY


def retry_chat(chat: ChatMessages, reason: str, text: str) -> ChatMessages:
    """Build the chat that asks for a new reply, for prompt files without a reply block.

    The new request quotes the rejected reply and the reason for the rejection.
    """
    prompt, _, request = chat[-1]["content"].rpartition("\n")  # the last line asks for JSON
    content = render_block(
        RETRY,
        "user",
        system=chat[0]["content"],
        prompt=prompt.rstrip(),
        asked=request,
        reason=reason,
        text=text,
    )
    return [chat[0], {"role": "user", "content": content}]


def retry_turn(chat: ChatMessages, reason: str, text: str) -> ChatMessages:
    """Continue a chat with a turn that says why the last reply was rejected.

    The earlier turns stay the same, which allows servers to cache them.
    """
    content = render_block(RETRY_TURN, "user", reason=reason)
    return [
        *chat,
        {"role": "assistant", "content": text or "…"},
        {"role": "user", "content": content},
    ]
