"""The format of a teacher's reply: a JSON object with one key."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pipelines.prompting import ChatMessages, render_block
from pipelines.text.json_objects import find_objects
from pipelines.text.storable import is_storable

RETRY = "retry.v1"
MALFORMED_REPLY = "reply without what was asked"
_PLACEHOLDERS = ("…", "...")  # a copy of what the prompt asks for
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
def reply_schema(key: str) -> dict[str, Any]:
    """Return the JSON schema of a reply with this key. For most keys, the value is a string."""
    return {
        "type": "object",
        "properties": {key: _SCHEMAS.get(key, _TEXT)},
        "required": [key],
        "additionalProperties": False,
    }


@cache
def _validator(key: str) -> Draft202012Validator:
    return Draft202012Validator(reply_schema(key)["properties"][key])


def parse_reply(text: str | None, key: str) -> Any:
    """Return the value of a key in a reply's JSON object, or None if it's missing or malformed.

    Text around the object, such as a code fence, is ignored. Of several objects with a valid value
    the last one counts, because drafts come before answers. An empty value, or one that a database
    can't store, counts as missing.
    """
    values = [data.get(key) for data in find_objects(text or "")]
    values = [value.strip() if isinstance(value, str) else value for value in values]
    return next((value for value in reversed(values) if _is_usable(value, key)), None)


def _is_usable(value: Any, key: str) -> bool:
    is_placeholder = isinstance(value, str) and value in _PLACEHOLDERS
    return bool(value) and not is_placeholder and _is_valid(value, key) and is_storable(value)


def _is_valid(value: Any, key: str) -> bool:
    # Most values are texts, which a validator checks far more slowly than `isinstance`.
    return isinstance(value, str) if key not in _SCHEMAS else bool(_validator(key).is_valid(value))


def retry_chat(chat: ChatMessages, reason: str, text: str) -> ChatMessages:
    """Build the chat that retries a rejected reply; it quotes the reply and the reason."""
    prompt, _, request = chat[-1]["content"].rpartition("\n")  # its last line asks for the JSON
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
