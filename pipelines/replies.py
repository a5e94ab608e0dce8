"""What a teacher is to reply: a JSON object with one key, and how to ask for it once more."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from pipelines.prompting import Chat, block
from pipelines.storable import is_storable

RETRY = "retry.v1"
WRONG = "reply without what was asked"
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_TEXT = {"type": "string"}
_TURN = {
    "type": "object",
    "properties": {"role": {"enum": ["user", "assistant"]}, "content": _TEXT},
    "required": ["role", "content"],
    "additionalProperties": False,
}
_FORMS: dict[str, dict[str, Any]] = {
    "questions": {"type": "array", "items": _TEXT},
    "messages": {"type": "array", "items": _TURN},
}


@cache
def form(key: str) -> dict[str, Any]:
    """The JSON schema of a reply with a key; its value is a text unless it is known otherwise."""
    return {
        "type": "object",
        "properties": {key: _FORMS.get(key, _TEXT)},
        "required": [key],
        "additionalProperties": False,
    }


@cache
def _validator(key: str) -> Draft202012Validator:
    return Draft202012Validator(form(key)["properties"][key])


def reply(text: str | None, key: str) -> Any:
    """The value of a key in the JSON object a teacher replied, None where it has another form.

    Words around the object, such as a code fence, are passed over. A value that is empty, or that
    no text file could hold, is none.
    """
    if text is None or not (found := _OBJECT.search(text)):
        return None
    try:
        data = json.loads(found.group())
    except (ValueError, RecursionError):  # the latter where it is nested without end
        return None
    value = data.get(key) if isinstance(data, dict) else None
    value = value.strip() if isinstance(value, str) else value
    return value if value and _has_form(value, key) and is_storable(value) else None


def _has_form(value: Any, key: str) -> bool:
    # Most replies are a text, for which a validator would take as long as all the rest.
    return isinstance(value, str) if key not in _FORMS else bool(_validator(key).is_valid(value))


def again(chat: Chat, reason: str, text: str) -> Chat:
    """The chat that asks for a reply once more, with what was wrong with the one before."""
    prompt, _, asked = chat[-1]["content"].rpartition("\n")
    values = {"prompt": prompt.rstrip(), "asked": asked, "reason": reason, "text": text}
    system = chat[0]["content"]
    return [chat[0], {"role": "user", "content": block(RETRY, "user", system=system, **values)}]
