"""A stand-in for a teacher, to count what a run would ask: replies of a usual length, no sense."""

import json
from typing import Any

from distilabel.models.llms.base import LLM

from pipelines.meter import about_tokens
from pipelines.prompting import Chat, asked_for, how_many, part
from pipelines.teachers.dialects import Answered
from pipelines.teachers.endpoint import output

_QUESTION = "Who was it that did so, and in which year was that?"
_WORDS = {"plain_answer": 40, "answer": 50, "statement": 100, "document": 160}
_TURN = 30


class Rehearsal(LLM):
    """Replies to every prompt with words of the passage, as many as such a reply usually has."""

    @property
    def model_name(self) -> str:
        """What this teacher is called."""
        return "rehearsal"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """A reply to each prompt, its tokens estimated."""
        del num_generations  # a row needs one
        return [self._reply(chat) for chat in inputs]

    def _reply(self, chat: Chat) -> dict[str, Any]:
        prompt = chat[-1]["content"]
        key = asked_for(prompt)
        words = (part(prompt, "passage") or part(prompt, "plain_answer")).split() or ["word"]
        text = json.dumps({key: _value(key, how_many(prompt), words)}, ensure_ascii=False)
        return output(Answered(text), about_tokens(chat), len(text) // 4 + 1)


def _value(key: str, count: int, words: list[str]) -> Any:
    if key == "questions":
        return [_QUESTION] * count
    if key == "messages":
        turn = _running(words, _TURN)
        return [{"role": role, "content": turn} for role in ("user", "assistant")] * 2
    return _running(words, _WORDS.get(key, _TURN))


def _running(words: list[str], count: int) -> str:
    return " ".join((words * (count // len(words) + 1))[:count])
