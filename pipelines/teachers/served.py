"""A model at a server with OpenAI's API, which answers chats as a local model would."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from pipelines.prompting import ChatMessages
from pipelines.teachers.completion import Completion, Prompt
from pipelines.teachers.endpoints.openai import OpenAIEndpoint

_CONCURRENCY = 8


@dataclass(frozen=True)
class Sampling:
    """How a served model generates; `temperature` 0 is greedy."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


class ServedModel:
    """Answers chats; an answer that reaches `max_tokens` ends there."""

    def __init__(self, url: str, model: str, api_key: str, sampling: Sampling) -> None:
        """Connects on the first chat."""
        self.url, self.model = url, model
        self._endpoint = OpenAIEndpoint(
            model=model,
            url=url,
            api_key=SecretStr(api_key),
            seed=sampling.seed,
            temperature=sampling.temperature,
            top_p=None if sampling.top_p >= 1 else sampling.top_p,
            max_tokens=sampling.max_tokens,
            concurrency=_CONCURRENCY,
            has_long_replies=True,
        )

    @property
    def changes(self) -> tuple[str, ...]:
        """How requests were changed because the server rejected their parameters."""
        return tuple(self._endpoint.dialect.changes)

    def ask(self, chats: Sequence[ChatMessages]) -> list[Completion]:
        """The answers in the order of the chats, without reasoning.

        Raises `TeacherError` if the server can't be reached or rejects every request.
        """
        self._endpoint.load()
        return self._endpoint.ask([Prompt(chat) for chat in chats])
