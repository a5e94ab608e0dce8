"""Worked examples: what teachers are shown, as turns, before the row they write about.

They come from the tone's guidelines or the persona's file, or else from approved texts. A text from
an article is never shown to a teacher that writes about the same article.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from db.records import CandidateKind, canonical, digest
from pipelines.voices.persona import Persona, PersonaExample
from pipelines.voices.tone import Tone

SHOWN = 4
"""The number of approved texts of a kind that are shown."""


@dataclass(frozen=True)
class WorkedExample:
    """One example: its kind, a value for each variable of a prompt, and its article's ids.

    `articles` are the ids of all revisions of the article, and empty if it comes from none.
    """

    kind: CandidateKind
    values: Mapping[str, Any]
    articles: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """The example as a `PromptTask` takes it."""
        return {**self.values, "articles": list(self.articles)}


def voice_examples(voice: Tone | Persona) -> tuple[WorkedExample, ...]:
    """The examples in a voice's file; for a tone without any, those of its guidelines and scale.

    A guideline's example follows that guideline alone, so examples of the whole tone are better.
    """
    if isinstance(voice, Persona):
        return tuple(_persona_example(voice, example) for example in voice.examples)
    anchors = voice.scale.anchors
    pairs = [(example.plain, example.rewritten) for example in voice.examples or voice.guidelines]
    if not voice.examples:
        pairs.append((anchors[0].example, anchors[-1].example))
    return tuple(
        WorkedExample(CandidateKind.CONVERSATION, {"plain_answer": before, "answer": after})
        for before, after in pairs
    )


def _persona_example(persona: Persona, example: PersonaExample) -> WorkedExample:
    traits = describe_traits(persona, example.traits, example.shown)
    values = {"passage": example.passage, "traits": traits}
    return WorkedExample(CandidateKind(example.kind), {**values, **example.reply})


def describe_traits(persona: Persona, names: Iterable[str], text: str) -> list[dict[str, Any]]:
    """The traits that a text shows, and the wording by which it shows each."""
    traits = map(persona.trait, names)
    return [
        {"name": t.name, "description": t.description, "asks": [], "wording": t.wording_in(text)}
        for t in traits
    ]


def of_kind(examples: Iterable[WorkedExample], kind: CandidateKind) -> list[dict[str, Any]]:
    """The examples of a kind, as a `PromptTask` takes them."""
    return [example.columns for example in examples if example.kind is kind]


def examples_digest(examples: Iterable[WorkedExample]) -> str:
    """A short hash of the examples, which provenance states; empty if there are none."""
    values = [dict(example.values) for example in examples]
    return digest(canonical(values))[:12] if values else ""
