"""The offline teacher, which writes texts by rule from a stock of phrases.

It gets the same prompts as every other teacher and reads their tagged parts (`<passage>`,
`<question>`, …) and the key of the JSON object to reply with. A reply depends only on the seed and
the prompt. The rules don't understand the text: questions come from how a sentence begins, answers
are sentences of the passage, and rewrites split sentences and replace words.
"""

import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

from db.records import digest
from pipelines.prompting import ChatMessages, extract_tag, question_count, reply_key
from pipelines.teachers.completion import Completion, Prompt, Teacher, to_output
from pipelines.teachers.phrasebook.persona_texts import (
    write_dialogue,
    write_document,
    write_statement,
)
from pipelines.teachers.phrasebook.questions import ask_questions, find_answer
from pipelines.teachers.phrasebook.tone_rewrite import rewrite
from pipelines.voices.persona import Persona
from pipelines.voices.tone import TonePhrases

_TRAIT = re.compile(r'<trait name="([^"]+)">')
_PERSONA_WRITERS = {
    "statement": write_statement,
    "messages": write_dialogue,
    "document": write_document,
}


class PhrasebookLLM(Teacher):
    """Writes with a tone's phrases (questions, answers, rewrites) or as a persona."""

    name: str = "phrasebook"
    seed: int = 0
    phrases: TonePhrases | Persona = TonePhrases()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """A reply to each prompt; None where no rule fits."""
        return [self._reply(prompt.chat, 0) for prompt in prompts]

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """`num_generations` different replies to each chat, in distilabel's form."""
        numbers = range(num_generations)
        return [to_output(*(self._reply(chat, number) for number in numbers)) for chat in inputs]

    def _reply(self, chat: ChatMessages, number: int) -> Completion:
        prompt = chat[-1]["content"]
        key = reply_key(prompt)
        rng = Random(digest(f"{self.seed}:{number}:{prompt}"))  # noqa: S311 # not a secret
        value = self._write(key, prompt, rng)
        text = json.dumps({key: value}, ensure_ascii=False) if value else None
        # Rules have no tokens. Words are counted instead, so a run's size is still known.
        read = sum(len(message["content"].split()) for message in chat)
        return Completion(text, read, len((text or "").split()))

    def _write(self, key: str, prompt: str, rng: Random) -> Any:
        """The value of a key of the reply; empty where no rule fits."""
        passage, question = extract_tag(prompt, "passage"), extract_tag(prompt, "question")
        if key == "questions":
            return ask_questions(passage, question_count(prompt), rng)
        if key == "plain_answer":
            return find_answer(passage, question)
        if key == "answer":
            tone = self.phrases if isinstance(self.phrases, TonePhrases) else TonePhrases()
            return rewrite(extract_tag(prompt, "plain_answer"), question, tone, rng)
        if key not in _PERSONA_WRITERS:
            return None
        if not isinstance(self.phrases, Persona):
            raise TypeError("PhrasebookLLM needs a persona as `phrases` to write as a persona.")
        return _PERSONA_WRITERS[key](self.phrases, _TRAIT.findall(prompt), passage, rng)
