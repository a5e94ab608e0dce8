"""Adapt requests to what a model accepts, based on the errors that the endpoint returns.

Servers with the same API differ in the parameters that they accept. At first, requests follow the
official API. When an error names a parameter, all later requests of the run rename the parameter,
change its value or leave it out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.teachers.endpoints.api_error import ApiError

_KEPT = frozenset({"model", "messages", "system", "stream"})
_ALTERNATIVES = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
    "seed": "random_seed",  # Mistral
}
_EXTRA_FORBIDDEN = re.compile(r"extra_forbidden|extra inputs are not permitted", re.IGNORECASE)
_LENGTHS = frozenset(_ALTERNATIVES) - {"seed"}
_FORMATS = frozenset({"response_format", "tools"})
_FORMAT_WORDS = re.compile(
    r"response[ _]?format|json[ _]?(?:schema|object|mode|output)|structured.?output|grammar|schema"
    r"|output_config|\btool|function.?call|requested parameters",
    re.IGNORECASE,
)
_COMMON_WORDS = frozenset({"n", "stop"})  # also ordinary English words
_STREAM = re.compile(
    r"only supports? stream|stream(?:ing)? ?(?:=|is|must be|set to) ?(?:true|required)"
    r"|enable the stream|for non-streaming calls|requires streaming",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"system (?:role|message|prompt|instruction)|role[^.]{0,20}system|['\"`]system['\"`]"
    r"|developer (?:role|message|instruction)|['\"`]developer['\"`]|messages\[0\]\.role"
    r"|roles must alternate|only user and assistant roles",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(
    r"too large|too big|maximum|max(?:imum)? value|at most|less than|<=|exceed|range",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"strictly positive|must be positive|greater than 0|> ?0", re.IGNORECASE)
_NEARLY_ZERO = 0.01
_SERVER_ERROR = 500


@dataclass
class Dialect:
    """What a run has learned about the requests that a model accepts.

    `schema_mode` selects how structured replies are requested; 0 is the preferred way. `changes`
    describes each adaptation in words.
    """

    schema_mode: int = 0
    system_role: str = "system"
    is_streaming: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    changes: list[str] = field(default_factory=list)

    def translate(self, body: dict[str, Any]) -> dict[str, Any]:
        """Convert a request body to the form that the model accepts."""
        named = {self.renamed.get(name, name): value for name, value in body.items()}
        sent = {
            name: self.values.get(name, value)
            for name, value in named.items()
            if name not in self.dropped
        }
        if self.system_role != "system":
            sent["messages"] = _with_role(body["messages"], self.system_role)
        return sent

    def adapt(self, sent: dict[str, Any], error: ApiError) -> bool:
        """Change the dialect so that an error won't recur; return False if that's impossible."""
        if not self.is_streaming and _STREAM.search(error.text):
            self.is_streaming = True
            self.changes.append("replies are streamed")
            return True
        name = _named_parameter(sent, error)
        if self._adapt_system(sent, error, name):
            return True
        if name in _FORMATS:
            self.schema_mode += 1
            self.changes.append(_format_change(name, sent[name]))
            return True
        return name != "" and self._adapt_parameter(name, sent[name], error)

    def _adapt_system(self, sent: dict[str, Any], error: ApiError, name: str) -> bool:
        has_system = any(m.get("role") in {"system", "developer"} for m in sent["messages"])
        is_named = _SYSTEM.search(error.text) and (not name or error.param.startswith("messages"))
        if not has_system or not is_named:
            return False
        knows_developer = self.system_role == "system" and "developer" in error.text.lower()
        self.system_role = "developer" if knows_developer else "user"
        place = "as a developer message" if knows_developer else "in the first user message"
        self.changes.append(f"the system prompt is sent {place}")
        return True

    def _adapt_parameter(self, name: str, value: Any, error: ApiError) -> bool:
        if (other := _other_value(name, value, error)) is not None:
            self.values[name] = other
            self.changes.append(f"{name} is {other} instead of {value}")
            return True
        alternative = _ALTERNATIVES.get(name)
        is_possible = name != "seed" or _EXTRA_FORBIDDEN.search(error.text)
        if alternative and is_possible and alternative not in self.renamed:
            self.renamed[name] = alternative
            if name in self.values:
                self.values[alternative] = self.values.pop(name)
            self.changes.append(f"{name} is sent as {alternative}")
            return True
        self.dropped.add(name)
        if name == "tools":
            self.dropped.add("tool_choice")
        self.changes.append(f"{name} isn't sent")
        return True


def _with_role(messages: Sequence[dict[str, str]], role: str) -> list[dict[str, str]]:
    """Give the system prompt another role, or move it to the start of the first user turn."""
    if role != "user":
        return [{**m, "role": role} if m["role"] == "system" else m for m in messages]
    system = [m["content"] for m in messages if m["role"] == "system"]
    first, *others = [m for m in messages if m["role"] != "system"]
    return [{**first, "content": "\n\n".join([*system, first["content"]])}, *others]


def _named_parameter(sent: dict[str, Any], error: ApiError) -> str:
    """Return the parameter that an error names first, or an empty string if it names none."""
    names = [name for name in sent if name not in _KEPT]
    if (param := re.split(r"[.\[]", error.param)[0]) in names:
        return param
    places = {name: _place(name, error.text) for name in names}
    named = [name for name in names if places[name] >= 0]
    if "temperature" in named and "top_p" in named and "both" in error.text:
        return "top_p"
    if named:
        return min(named, key=lambda name: places[name])
    formats = [name for name in names if name in _FORMATS]
    is_about_format = error.status < _SERVER_ERROR and _FORMAT_WORDS.search(error.text)
    return formats[0] if formats and is_about_format else ""


def _place(name: str, text: str) -> int:
    """Return the position of a parameter's name (in snake or camel case) in an error, or -1."""
    first, *others = name.split("_")
    camel = first + "".join(word.capitalize() for word in others)
    pattern = rf"(?<![\w-])(?:{name}|{camel})(?![\w-])"
    if name in _COMMON_WORDS:
        pattern = rf"['\"`]{name}['\"`]|(?:parameter|argument|property|field)\b[^.]*?{pattern}"
    match = re.search(pattern, text, re.IGNORECASE)
    return match.start() if match else -1


def _other_value(name: str, value: Any, error: ApiError) -> Any:
    """Return the value that an error asks for instead of the rejected one, or None."""
    if name == "temperature" and not value and _POSITIVE.search(error.text):
        return _NEARLY_ZERO
    if name in _LENGTHS and _TOO_LARGE.search(error.text):
        numbers = [int(digits) for digits in re.findall(r"\b\d{1,9}\b", error.text)]
        return max((number for number in numbers if 0 < number < value), default=None)
    return None


def _format_change(name: str, value: Any) -> str:
    if name == "response_format" and value.get("type") == "json_schema":
        return "a reply is requested as any JSON object, not with its schema"
    return "a reply's format is only described in the prompt"
