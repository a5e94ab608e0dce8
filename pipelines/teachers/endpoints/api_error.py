"""Find the error in a provider's response, even if the response has status 200."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

_MAX_MESSAGE = 300
_MAX_DEPTH = 6
_MESSAGES = ("error", "title", "message", "detail", "error_msg", "status_msg", "raw")
_PARTS: tuple[str, ...] = (
    "error",
    "metadata",
    "raw",
    "message",
    "detail",
    "details",
    "errors",
    "violations",
)
_PARTS += ("innererror", "fault", "base_resp", "response")
_STATUS_OF_CODE = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "RESOURCE_EXHAUSTED": 429,
    "overloaded_error": 529,
    "insufficient_quota": 402,
    "billing_error": 402,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "INVALID_ARGUMENT": 400,
    "content_filter": 400,
    # MiniMax reports errors as numbers in a response with status 200.
    **{"1002": 429, "1039": 429, "1004": 401, "2049": 401, "1008": 402, "2013": 400},
    **{"1026": 400, "1027": 400},
}
_STATUSES = range(400, 600)
_GENERATION = "failed_generation"
_NO_SUCCESS, _UNKNOWN_STATUS = 300, 500
_KEY = re.compile(
    r"\b(?:sk|pk|gsk|xai|hf|r8|pplx|nvapi|csk|fw|tgp)[-_][\w*.…-]{6,}|\bAIza[\w*-]{10,}"
    r"|(?<=Bearer )\S{8,}|[\w-]*\*{4,}[\w*-]*"
)
_KEY_START = 8  # characters of a key that identify it


@dataclass(frozen=True)
class ApiError:
    """An error reported by a provider.

    `message` is the reason in one line, and `text` is the text of the whole response.

    `status` is the HTTP status or, for an error sent with status 200, the status that matches the
    error's codes. `param` is the parameter that the provider blames, or an empty string.
    `generation` is a reply that failed the provider's own validation (Groq only).
    """

    status: int
    message: str
    text: str
    codes: tuple[str, ...] = ()
    param: str = ""
    generation: str | None = None

    def masked(self, key: str) -> "ApiError":
        """Return a copy of the error in which API keys are masked."""
        message, text = _mask(self.message, key), _mask(self.text, key)
        return replace(self, message=message, text=text)


def find_error(status: int, data: Any, text: str) -> ApiError | None:
    """Return the error that a response reports, or None if it reports none."""
    parts = list(_walk(data))
    if status < _NO_SUCCESS and not _is_error(data):
        return None
    codes = [str(part[name]) for part in parts for name in ("code", "type", "status", "status_code")
             if isinstance(part.get(name), str | int)]  # fmt: skip
    messages = [message for part in parts for message in _messages(part)]
    params = [part["param"] for part in parts if isinstance(part.get("param"), str)]
    generations = [part[_GENERATION] for part in parts if isinstance(part.get(_GENERATION), str)]
    return ApiError(
        status=status if status >= _NO_SUCCESS else _status(codes),
        message=_reason(messages) or _plain(text),
        text=text if isinstance(data, dict | list) else _plain(text),
        codes=tuple(codes),
        param=next(iter(params), ""),
        generation=next(iter(generations), None),
    )


def _is_error(data: Any) -> bool:
    """Return whether a response with status 200 reports an error instead of a reply."""
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return False
    choices = data.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message")
        has_text = isinstance(message, dict) and message.get("content")
        return bool(choices[0].get("error")) and not has_text
    status = data.get("base_resp")
    is_failed = isinstance(status, dict) and status.get("status_code", 0) != 0
    has_error = data.get("object") == "error" or data.get("type") == "error"
    return bool(data.get("error")) or is_failed or has_error or data.get("success") is False


def _walk(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield all objects nested in an error, outermost first, including JSON inside strings."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[{")):
        try:
            value = json.loads(value)
        except ValueError:
            return
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for name in (*_PARTS, "choices"):
            yield from _walk(value.get(name), depth + 1)


def _messages(part: dict[str, Any]) -> Iterator[str]:
    """Yield the messages in a JSON object, preceded by the parameter's name if there is one."""
    yield from (part[name] for name in _MESSAGES if isinstance(part.get(name), str))
    if isinstance(part.get("msg"), str):
        location = part.get("loc")
        names = [str(name) for name in location if name != "body"] if location else []
        yield f"{'.'.join(names)}: {part['msg']}" if names else part["msg"]


def _status(codes: list[str]) -> int:
    for code in codes:
        if code in _STATUS_OF_CODE:
            return _STATUS_OF_CODE[code]
        if code.isdecimal() and int(code) in _STATUSES:
            return int(code)
    return _UNKNOWN_STATUS


def _reason(messages: list[str]) -> str:
    """Return the innermost message, because gateways wrap the provider's message in their own."""
    plain = [" ".join(message.split()) for message in messages if message.strip()]
    plain = [message for message in plain if not message.startswith(("{", "[{"))]
    return _shorten(plain[-1]) if plain else ""


def _plain(text: str) -> str:
    """Shorten a response to one line, and remove the tags if it's an HTML page."""
    if "<html" in text.lower():
        text = re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", text)
    return _shorten(" ".join(text.split()))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def _mask(text: str, key: str) -> str:
    """Mask an API key, complete or shortened, and anything else that looks like a key."""
    if key:
        text = text.replace(key, "…")
    if len(key) > _KEY_START:
        text = re.sub(re.escape(key[:_KEY_START]) + r"\S*", "…", text)
    return _KEY.sub("…", text)
