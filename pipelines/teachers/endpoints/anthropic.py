"""A teacher behind Anthropic's Messages API."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from pipelines.teachers.completion import Completion, Prompt, classify
from pipelines.teachers.endpoints.endpoint import Endpoint

_REFUSED = "The model refused without a text."


class AnthropicEndpoint(Endpoint):
    """An endpoint with Anthropic's API, which requests structured replies as tool calls."""

    protocol = "anthropic"
    default_url = "https://api.anthropic.com/v1"
    path = "/messages"
    schema_modes = 1
    stream_fields: ClassVar[Mapping[str, Any]] = {"stream": True}

    def headers(self) -> dict[str, str]:
        """The request headers: the API key and the API version."""
        key = self.api_key.get_secret_value()
        return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}

    def body(self, prompt: Prompt, schema_mode: int) -> dict[str, Any]:
        """Build the request body, which separates the turns from the system prompt."""
        body: dict[str, Any] = {
            "model": self.model,
            "system": "\n\n".join(m["content"] for m in prompt.chat if m["role"] == "system"),
            "messages": [m for m in prompt.chat if m["role"] != "system"],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        if self.top_p is not None:
            body["top_p"] = self.top_p
        if prompt.schema and schema_mode < self.schema_modes:
            tool = {"name": "reply", "description": "Gives the reply."}
            body["tools"] = [{**tool, "input_schema": prompt.schema}]
            body["tool_choice"] = {"type": "tool", "name": "reply"}
        return body

    def parse(self, data: Any) -> Completion:
        """Return the reply: the input of the tool call as JSON, or else the text."""
        usage, reason = data.get("usage") or {}, data["stop_reason"]
        counts = usage.get("input_tokens"), usage.get("output_tokens")
        inputs = [part["input"] for part in data["content"] if part["type"] == "tool_use"]
        texts = [part["text"] for part in data["content"] if part["type"] == "text"]
        text = json.dumps(inputs[0], ensure_ascii=False) if any(inputs) else "".join(texts)
        refusal = (text or _REFUSED) if reason == "refusal" else None
        return classify(text, counts, reason, refusal)
