"""How a model's endpoint is spoken to: OpenAI's chat completions, and Anthropic's messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pipelines.prompting import Chat

Form: TypeAlias = dict[str, Any] | None
"""The JSON schema of a reply, None where it has no form."""

NO_REPLY = "the endpoint's answer is no chat completion"
CUT_OFF = "the reply was cut off at its longest"
DECLINED = "the model declined"


@dataclass(frozen=True)
class Request:
    """What is asked with every prompt."""

    model: str
    temperature: float
    max_tokens: int
    seed: int


@dataclass(frozen=True)
class Answered:
    """What an endpoint said: a text or the reason there is none, and its tokens (None: not said).

    Without a text, `raw` keeps what came in its place.
    """

    text: str | None
    reason: str = ""
    raw: str = ""
    read: int | None = None
    written: int | None = None


class Dialect(Protocol):
    """The path, headers and bodies of one kind of endpoint."""

    path: str
    forms: int

    def headers(self, key: str) -> dict[str, str]:
        """The headers that carry a key, none for an empty one."""

    def body(self, request: Request, chat: Chat, form: Form, how: int) -> dict[str, Any]:
        """The body of a request.

        `how` says in what way the form is asked for: 0 the best one, up to `forms`, which asks
        for none.
        """

    def read(self, data: Any) -> Answered:
        """An answer taken apart; raises where it is none of this dialect."""


class OpenAi:
    """Chat completions, as OpenAI, vLLM, Ollama and llama.cpp serve them."""

    path = "/chat/completions"
    forms = 2

    def headers(self, key: str) -> dict[str, str]:
        """The key as a bearer token."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, chat: Chat, form: Form, how: int) -> dict[str, Any]:
        """The form as a schema, else as any JSON object, else not at all."""
        asked: dict[str, Any] = {
            "model": request.model,
            "messages": chat,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
        }
        if form and how == 0:
            schema = {"name": "reply", "schema": form, "strict": True}
            asked["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form and how < self.forms:
            asked["response_format"] = {"type": "json_object"}
        return asked

    def read(self, data: Any) -> Answered:
        """The first choice's message."""
        choice, usage = data["choices"][0], data.get("usage") or {}
        message = choice["message"]
        counts = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        return _answered(
            message["content"], choice.get("finish_reason"), message.get("refusal"), counts
        )


class Anthropic:
    """Anthropic's messages; a form is asked for as the input of a tool that must be used."""

    path = "/messages"
    forms = 1

    def headers(self, key: str) -> dict[str, str]:
        """The key, and the version of the API that is spoken."""
        return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}

    def body(self, request: Request, chat: Chat, form: Form, how: int) -> dict[str, Any]:
        """The system prompt apart from the turns."""
        asked: dict[str, Any] = {
            "model": request.model,
            "system": "\n\n".join(m["content"] for m in chat if m["role"] == "system"),
            "messages": [m for m in chat if m["role"] != "system"],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        if form and how < self.forms:
            asked["tools"] = [
                {"name": "reply", "description": "Gives the reply.", "input_schema": form}
            ]
            asked["tool_choice"] = {"type": "tool", "name": "reply"}
        return asked

    def read(self, data: Any) -> Answered:
        """The tool's input as JSON, or the text."""
        usage = data.get("usage") or {}
        counts = _count(usage, "input_tokens"), _count(usage, "output_tokens")
        used = [part["input"] for part in data["content"] if part["type"] == "tool_use"]
        said = [part["text"] for part in data["content"] if part["type"] == "text"]
        text = json.dumps(used[0], ensure_ascii=False) if used else "".join(said)
        stop = {"max_tokens": "length", "refusal": "content_filter"}.get(data["stop_reason"])
        return _answered(text, stop, None, counts)


def _answered(
    text: Any, finish: str | None, refusal: Any, counts: tuple[int | None, int | None]
) -> Answered:
    kept = text if isinstance(text, str) else ""
    if finish == "length":
        return Answered(None, CUT_OFF, kept, *counts)
    if refusal or finish == "content_filter":
        return Answered(None, DECLINED, str(refusal or kept), *counts)
    if not kept.strip():
        return Answered(None, "an empty reply", "", *counts)
    return Answered(kept, "", "", *counts)


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    said = usage.get(name)
    return said if isinstance(said, int) else None


DIALECTS: dict[str, Dialect] = {"openai": OpenAi(), "anthropic": Anthropic()}
