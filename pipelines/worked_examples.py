"""Worked examples, which a prompt shows to a teacher as earlier turns of the chat.

They come from the tone or persona file, or from approved texts. If the teacher writes about an
article, the prompt never contains an example from the same article.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from db.records import CandidateKind, canonical, digest
from pipelines.voices.persona import Persona, PersonaExample
from pipelines.voices.tone import Tone

SHOWN = 4
"""The maximum number of approved texts of each kind to show to a teacher."""


@dataclass(frozen=True)
class WorkedExample:
    """An example text: its kind, a value for each prompt variable, and the ids of its article.

    `articles` contains the ids of all revisions of the article that the example is about. It is
    empty if the example isn't about an article.
    """

    kind: CandidateKind
    values: Mapping[str, Any]
    articles: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Any]:
        """The example in the format that `PromptTask` expects."""
        return {**self.values, "articles": list(self.articles)}


def voice_examples(voice: Tone | Persona) -> tuple[WorkedExample, ...]:
    """The examples in a tone or persona file.

    If a tone file has no examples, this function uses the ones in its guidelines and rating scale.
    Examples in the file are better, because they show the whole tone, while the example of a
    guideline only follows that guideline.
    """
    if isinstance(voice, Persona):
        return tuple(_persona_example(voice, example) for example in voice.examples)
    anchors = voice.scale.anchors
    pairs = [(example.plain, example.rewritten) for example in voice.examples or voice.guidelines]
    if not voice.examples and anchors[0].example and anchors[-1].example:
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
    """Describe the traits that a text shows, and the words in the text that show each trait."""
    traits = map(persona.trait, names)
    return [
        {"name": t.name, "description": t.description, "asks": [], "wording": t.wording_in(text)}
        for t in traits
    ]


def of_kind(examples: Iterable[WorkedExample], kind: CandidateKind) -> list[dict[str, Any]]:
    """The examples of one kind, in the format that `PromptTask` expects."""
    return [example.columns for example in examples if example.kind is kind]


def examples_digest(examples: Iterable[WorkedExample]) -> str:
    """A short hash of the examples for the provenance, or an empty string if there are none."""
    values = [dict(example.values) for example in examples]
    return digest(canonical(values))[:12] if values else ""
