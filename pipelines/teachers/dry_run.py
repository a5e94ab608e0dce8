"""A stand-in teacher for dry runs, whose replies have a typical length and no meaning."""

import json
from typing import Any

from distilabel.models.llms.base import LLM

from pipelines.meter import estimate_tokens
from pipelines.prompting import ChatMessages, extract_tag, question_count, reply_key
from pipelines.teachers.completion import Completion, Output

_QUESTION = "Who was it that did so, and in which year was that?"
_REPLY_WORDS = {"plain_answer": 40, "answer": 50, "statement": 100, "document": 160}
_TURN_WORDS = 30


class DryRunLLM(LLM):
    """Replies to each prompt with words of its passage, as many as such a reply usually has."""

    @property
    def model_name(self) -> str:
        """The teacher's name."""
        return "dry_run"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[Output]:
        """A reply to each chat, with estimated token counts."""
        del num_generations  # one reply per prompt
        return [_reply(chat) for chat in inputs]


def _reply(chat: ChatMessages) -> Output:
    prompt = chat[-1]["content"]
    key = reply_key(prompt)
    text = extract_tag(prompt, "passage") or extract_tag(prompt, "plain_answer")
    value = _value(key, question_count(prompt), text.split() or ["word"])
    reply = json.dumps({key: value}, ensure_ascii=False)
    return Completion(reply, estimate_tokens(chat), len(reply) // 4 + 1).to_output()


def _value(key: str, count: int, words: list[str]) -> Any:
    if key == "questions":
        return [_QUESTION] * count
    if key == "messages":
        turn = _repeat(words, _TURN_WORDS)
        return [{"role": role, "content": turn} for role in ("user", "assistant")] * 2
    return _repeat(words, _REPLY_WORDS.get(key, _TURN_WORDS))


def _repeat(words: list[str], count: int) -> str:
    return " ".join((words * (count // len(words) + 1))[:count])
