"""A fake teacher for dry runs; its replies are meaningless but have a typical length."""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.meter import estimate_tokens
from pipelines.prompting import ChatMessages, extract_tag, question_count, reply_key
from pipelines.teachers.completion import Completion, Prompt, Teacher

_QUESTION = "Who was it that did so, and in which year was that?"
_REPLY_WORDS = {"plain_answer": 40, "answer": 50, "statement": 100, "document": 160}
_TURN_WORDS = 30


class DryRunLLM(Teacher):
    """A teacher that builds replies of typical length by repeating words from the passage."""

    name: str = "dry_run"

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return a reply to each prompt, with estimated token counts."""
        return [_reply(prompt.chat) for prompt in prompts]


def _reply(chat: ChatMessages) -> Completion:
    prompt = chat[-1]["content"]
    key = reply_key(prompt)
    if not key:  # plain text, or JSON as in the worked examples
        return _reply_like_examples(chat)
    text = extract_tag(prompt, "passage") or extract_tag(prompt, "plain_answer")
    value = _value(key, question_count(prompt), text.split() or ["word"])
    reply = json.dumps({key: value}, ensure_ascii=False)
    return Completion(reply, estimate_tokens(chat), len(reply) // 4 + 1)


def _reply_like_examples(chat: ChatMessages) -> Completion:
    """Return the worked example of median length, or the last turn if there are no examples."""
    replies = sorted((m["content"] for m in chat if m["role"] == "assistant"), key=len)
    text = replies[len(replies) // 2] if replies else chat[-1]["content"]
    return Completion(text, estimate_tokens(chat), len(text) // 4 + 1)


def _value(key: str, count: int, words: list[str]) -> Any:
    if key == "questions":
        return [_QUESTION] * count
    if key == "messages":
        turn = _repeat(words, _TURN_WORDS)
        return [{"role": role, "content": turn} for role in ("user", "assistant")] * 2
    return _repeat(words, _REPLY_WORDS.get(key, _TURN_WORDS))


def _repeat(words: list[str], count: int) -> str:
    return " ".join((words * (count // len(words) + 1))[:count])
