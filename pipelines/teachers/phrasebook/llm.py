"""The offline teacher, which writes texts with rules and predefined phrases.

The offline teacher receives the same prompts as every other teacher, and reads their tagged parts
(`<passage>`, `<question>`, …) and the key of the requested JSON object. A reply depends only on the
seed and the prompt. The rules don't understand the text: questions are derived from the beginnings
of sentences, answers are sentences from the passage, and rewrites split sentences and replace
words.
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
    """A teacher that writes questions, answers and rewrites in a tone, or texts as a persona."""

    name: str = "phrasebook"
    seed: int = 0
    phrases: TonePhrases | Persona = TonePhrases()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return a reply to each prompt, or None if no rule applies."""
        return [self._reply(prompt.chat, 0) for prompt in prompts]

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """Return `num_generations` different replies to each chat, in distilabel's format."""
        numbers = range(num_generations)
        return [to_output(*(self._reply(chat, number) for number in numbers)) for chat in inputs]

    def _reply(self, chat: ChatMessages, number: int) -> Completion:
        prompt = chat[-1]["content"]
        key = reply_key(prompt)
        rng = Random(digest(f"{self.seed}:{number}:{prompt}"))  # noqa: S311 # not a secret
        value = self._write(key, prompt, rng)
        text = json.dumps({key: value}, ensure_ascii=False) if value else None
        # Rules have no tokens, so words are counted instead to show the size of a run.
        read = sum(len(message["content"].split()) for message in chat)
        return Completion(text, read, len((text or "").split()))

    def _write(self, key: str, prompt: str, rng: Random) -> Any:
        """Create the value for a key of the reply; the value is empty if no rule applies."""
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
            raise TypeError(
                "PhrasebookLLM can't write persona texts with these phrases. Pass a persona as "
                "`phrases`."
            )
        return _PERSONA_WRITERS[key](self.phrases, _TRAIT.findall(prompt), passage, rng)
