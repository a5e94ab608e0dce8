"""Teachers behind OpenAI's chat completions API, which most services and servers offer."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from pipelines.teachers.completion import EMPTY, ONLY_REASONING, Completion, Prompt, classify
from pipelines.teachers.endpoints.body import join_parts
from pipelines.teachers.endpoints.endpoint import Endpoint

_AZURE_VERSION = "2024-10-21"
"""The last version of Azure's dated API that isn't a preview."""


class OpenAIEndpoint(Endpoint):
    """An endpoint with OpenAI's API.

    Structured replies are requested as `json_schema`, then as `json_object`, and finally without a
    format, until the endpoint accepts the request.
    """

    protocol = "openai"
    default_url = "https://api.openai.com/v1"
    path = "/chat/completions"
    schema_modes = 2
    stream_fields: ClassVar[Mapping[str, Any]] = {
        "stream": True,
        "stream_options": {"include_usage": True},
    }

    @property
    def request_url(self) -> str:
        """The URL to which requests are sent, with the API's path and any query."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/").removesuffix(self.path) + self.path
        return urlunsplit(parts._replace(path=path))

    def headers(self) -> dict[str, str]:
        """The request headers, with the API key as a bearer token."""
        key = self.api_key.get_secret_value()
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, prompt: Prompt, schema_mode: int) -> dict[str, Any]:
        """Build the request body: the chat and the sampling parameters."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": prompt.chat,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }
        if self.top_p is not None:
            body["top_p"] = self.top_p
        if prompt.schema and schema_mode == 0:
            schema = {"name": "reply", "schema": prompt.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif prompt.schema and schema_mode < self.schema_modes:
            body["response_format"] = {"type": "json_object"}
        return body

    def parse(self, data: Any) -> Completion:
        """Convert a response's first choice to a completion, leaving out separate reasoning."""
        usage = data.get("usage") or {}
        counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if not data["choices"]:
            is_blocked = '"filtered": true' in json.dumps(data)  # Azure rejected the prompt
            return classify("", counts, "content_filter" if is_blocked else None, None)
        choice = data["choices"][0]
        message = choice["message"] or {}
        text = join_parts(message.get("content"))
        completion = classify(text, counts, choice.get("finish_reason"), message.get("refusal"))
        is_reasoning = any(message.get(name) for name in ("reasoning", "reasoning_content"))
        if completion.reason == EMPTY and is_reasoning:
            return replace(completion, reason=ONLY_REASONING)
        return completion


class AzureEndpoint(OpenAIEndpoint):
    """Azure OpenAI: the model is a deployment, and the URL may name an `api-version`.

    A URL that ends with /v1 refers to Azure's newer API, which takes the model in the body.
    """

    protocol = "azure"
    default_url = ""

    @property
    def request_url(self) -> str:
        """The URL of the model's deployment on the Azure resource."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        if path.endswith("/v1"):
            return urlunsplit(parts._replace(path=path + self.path))
        if "/deployments/" not in path:
            path = f"{path.removesuffix('/openai')}/openai/deployments/{self.model}"
        query = parts.query or f"api-version={_AZURE_VERSION}"
        path = path.removesuffix(self.path) + self.path
        return urlunsplit(parts._replace(path=path, query=query))

    def headers(self) -> dict[str, str]:
        """The request headers, with the API key in Azure's own header."""
        key = self.api_key.get_secret_value()
        return {"api-key": key} if key else {}
