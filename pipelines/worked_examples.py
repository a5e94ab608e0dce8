"""Worked examples, which a prompt shows to a teacher as earlier turns of the chat.

Worked examples come from the tone or persona file, or from approved texts. If the teacher writes
about an article, the prompt never contains an example from the same article.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from db.records import (
    CandidateKind,
    Example,
    Message,
    Passage,
    Role,
    canonical,
    digest,
    messages_to_text,
)
from pipelines.articles.spans import text_before
from pipelines.voices.persona import Persona, PersonaExample
from pipelines.voices.tone import Tone

SHOWN = 4
"""The maximum number of approved texts of each kind to show to a teacher."""


@dataclass(frozen=True)
class WorkedExample:
    """An example that is shown to teachers, with a value for each variable of the prompt.

    `articles` contains the ids of all revisions of the article that the example is about, if there
    is one.
    """

    kind: CandidateKind
    values: Mapping[str, Any]
    articles: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text of the example, in the form that is compared with candidates."""
        for column in ("answer", "statement", "document"):
            if column in self.values:
                return str(self.values[column])
        messages = (Message(Role(m["role"]), m["content"]) for m in self.values["messages"])
        return messages_to_text(tuple(messages))

    @property
    def columns(self) -> dict[str, Any]:
        """The example in the format that `PromptTask` expects."""
        return {**self.values, "articles": list(self.articles)}


def voice_examples(voice: Tone | Persona) -> tuple[WorkedExample, ...]:
    """Return the examples in a tone or persona file.

    If a tone file has no separate examples, the ones in its guidelines and rating scale are used.
    Separate examples are better, because each of them shows the whole tone, while the example in a
    guideline only shows that guideline.
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
    """List the traits that a text shows, with the words that reveal each trait."""
    traits = map(persona.trait, names)
    return [
        {"name": t.name, "description": t.description, "asks": [], "wording": t.wording_in(text)}
        for t in traits
    ]


def of_kind(examples: Iterable[WorkedExample], kind: CandidateKind) -> list[dict[str, Any]]:
    """Return the examples of one kind, in the format that `PromptTask` expects."""
    return [example.columns for example in examples if example.kind is kind]


def examples_digest(examples: Iterable[WorkedExample]) -> str:
    """Return a short hash of the examples, or an empty string if there are none."""
    values = [dict(example.values) for example in examples]
    return digest(canonical(values))[:12] if values else ""


def choose_approved(
    voice: Tone | Persona,
    examples: Iterable[Example],
    passages: Mapping[str, Passage],
    revisions: Mapping[str, tuple[str, ...]],
) -> Iterator[WorkedExample]:
    """Choose a few approved texts of each kind, one per article; the choice is reproducible.

    `passages` contains the passages of the examples, keyed by id. `revisions` maps the id of each
    article revision to the ids of all revisions of that article. Examples without a passage or an
    article are left out.
    """
    shown: dict[CandidateKind, set[str]] = defaultdict(set)
    for example in sorted(examples, key=lambda e: e.id):
        articles, passage = shown[example.kind], passages.get(example.passage or "")
        article = example.article
        if passage and article and article not in articles and len(articles) < SHOWN:
            articles.add(article)
            values = _approved_values(voice, example, passage)
            yield WorkedExample(example.kind, values, revisions[article])


def _approved_values(voice: Tone | Persona, example: Example, passage: Passage) -> dict[str, Any]:
    turns = [message for message in example.messages if message.role is not Role.SYSTEM]
    values: dict[str, Any] = {"passage": passage.text}
    if isinstance(voice, Tone):
        return values | {
            "before": text_before(passage.text, example.reference),
            "question": example.question,
            "plain_answer": example.reference,
            "answer": turns[-1].content,
        }
    said = " ".join(turn.content for turn in turns if turn.role is Role.ASSISTANT)
    values["traits"] = describe_traits(voice, example.traits, example.text or said)
    messages = [{"role": str(turn.role), "content": turn.content} for turn in turns]
    return values | ({"messages": messages} if messages else {str(example.kind): example.text})
