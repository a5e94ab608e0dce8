"""A model that is served through OpenAI's API and answers chats like a local model."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from pipelines.prompting import ChatMessages
from pipelines.teachers.completion import Completion, Prompt
from pipelines.teachers.endpoints.openai import OpenAIEndpoint

_CONCURRENCY = 8


@dataclass(frozen=True)
class Sampling:
    """The sampling settings of a served model; with a `temperature` of 0, decoding is greedy."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


class ServedModel:
    """A client for a served model.

    An answer that reaches `max_tokens` is cut off there, but is still accepted.
    """

    def __init__(self, url: str, model: str, api_key: str, sampling: Sampling) -> None:
        """Configure the client; it connects to the server when the first chat is sent."""
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
        """The changes made to requests because the server rejected their parameters."""
        return tuple(self._endpoint.dialect.changes)

    def ask(self, chats: Sequence[ChatMessages]) -> list[Completion]:
        """Return the answers in the order of the chats, without reasoning.

        Raises `TeacherError` if the server can't be reached or rejects every request.
        """
        self._endpoint.load()
        return self._endpoint.ask([Prompt(chat) for chat in chats])
