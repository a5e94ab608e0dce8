"""OpenAI's chat completions API, as served by OpenAI, vLLM, Ollama and llama.cpp."""

from typing import Any

from pipelines.teachers.completion import Completion, Prompt, classify
from pipelines.teachers.endpoints.endpoint import Endpoint


class OpenAIEndpoint(Endpoint):
    """Requests a schema as `json_schema`, or else any `json_object`, or else no schema."""

    protocol = "openai"
    default_url = "https://api.openai.com/v1"
    path = "/chat/completions"
    schema_modes = 2

    def headers(self) -> dict[str, str]:
        """The key as a bearer token."""
        key = self.api_key.get_secret_value()
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, prompt: Prompt, schema_mode: int) -> dict[str, Any]:
        """The chat with its sampling parameters."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": prompt.chat,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }
        if prompt.schema and schema_mode == 0:
            schema = {"name": "reply", "schema": prompt.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif prompt.schema and schema_mode < self.schema_modes:
            body["response_format"] = {"type": "json_object"}
        return body

    def parse(self, data: Any) -> Completion:
        """The first choice's message."""
        choice, usage = data["choices"][0], data.get("usage") or {}
        text, refusal = choice["message"]["content"], choice["message"].get("refusal")
        counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
        return classify(text, counts, choice.get("finish_reason"), refusal)
