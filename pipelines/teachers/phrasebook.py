"""The offline teacher: rules and a stock of phrases, no model. It writes what a prompt asks for.

It reads the prompts that every teacher gets: the tagged parts (`<passage>`, `<question>`, …) and
the key of the JSON object that is to be replied. The same seed and prompt give the same reply,
in whatever order they are asked. It understands nothing: questions come from how a sentence
begins, answers are sentences of the passage, and a rewrite cuts, contracts and swaps words.
"""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from distilabel.models.llms.base import LLM

from db.records import digest
from pipelines.persona_file import Persona
from pipelines.prompting import asked_for, how_many, part
from pipelines.teachers.characters import dialogue, document, statement
from pipelines.teachers.questions import ask, plain_answer
from pipelines.teachers.retelling import retell
from pipelines.tone_file import TonePhrases

_TRAIT = re.compile(r'<trait name="([^"]+)">')


class Phrasebook(LLM):
    """Writes by rule: with a tone's phrases for rewrites, a persona for what a persona says."""

    seed: int = 0
    tone: TonePhrases | None = None
    persona: Persona | None = None

    @property
    def model_name(self) -> str:
        """The string this teacher is named by."""
        return "phrasebook"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies to chats, `num_generations` differing ones each, None where no rule fits."""
        return [
            _output(chat, [self._reply(chat, n) for n in range(num_generations)]) for chat in inputs
        ]

    def _reply(self, chat: list[dict[str, str]], number: int) -> str | None:
        prompt = chat[-1]["content"]
        asked = asked_for(prompt)
        if asked not in _WRITERS:
            return None
        choose = Random(digest(f"{self.seed}:{number}:{prompt}"))  # noqa: S311 # no secret
        made = _WRITERS[asked](self, prompt, choose)
        return json.dumps({asked: made}, ensure_ascii=False) if made else None


def _questions(_: Phrasebook, prompt: str, choose: Random) -> list[str]:
    return ask(part(prompt, "passage"), how_many(prompt), choose)


def _plain(_: Phrasebook, prompt: str, choose: Random) -> str:
    del choose  # the answer follows from the question alone
    return plain_answer(part(prompt, "passage"), part(prompt, "question"))


def _answer(teacher: Phrasebook, prompt: str, choose: Random) -> str:
    phrases = teacher.tone or TonePhrases()
    return retell(part(prompt, "plain_answer"), part(prompt, "question"), phrases, choose)


def _traits(prompt: str) -> list[str]:
    return _TRAIT.findall(prompt)


def _statement(teacher: Phrasebook, prompt: str, choose: Random) -> str:
    return statement(_persona(teacher), _traits(prompt), part(prompt, "passage"), choose)


def _dialogue(teacher: Phrasebook, prompt: str, choose: Random) -> list[dict[str, str]]:
    return dialogue(_persona(teacher), _traits(prompt), part(prompt, "passage"), choose)


def _document(teacher: Phrasebook, prompt: str, choose: Random) -> str:
    return document(_persona(teacher), _traits(prompt), part(prompt, "passage"), choose)


def _persona(teacher: Phrasebook) -> Persona:
    if teacher.persona is None:
        raise ValueError("the phrasebook was given no persona: hand it one to write as")
    return teacher.persona


_WRITERS: dict[str, Callable[[Phrasebook, str, Random], Any]] = {
    "questions": _questions,
    "plain_answer": _plain,
    "answer": _answer,
    "statement": _statement,
    "messages": _dialogue,
    "document": _document,
}


def _output(chat: list[dict[str, str]], replies: list[str | None]) -> dict[str, Any]:
    # It has no tokens; words are counted so that a run's size can be read off all the same.
    read = sum(len(message["content"].split()) for message in chat)
    return {
        "generations": replies,
        "statistics": {
            "input_tokens": [read] * len(replies),
            "output_tokens": [len((text or "").split()) for text in replies],
        },
    }
