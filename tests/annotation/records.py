"""Complete records for tests, of which a test sets only what it checks."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from annotation.items import CandidateItem, ComparisonItem
from annotation.review_settings import Basis, ReviewSettings, ScalePoint, StyleRule, TraitLabel
from db.records import (
    Article,
    Candidate,
    CandidateKind,
    Comparison,
    Message,
    Passage,
    Provenance,
    Role,
    canonical,
    digest,
)

PASSAGE = (
    "The ferry crosses the sound four times a day from April to September, and twice a day in "
    "winter. The crossing takes 35 minutes and was first made in 1912."
)
SPOKEN = "It's about 35 minutes, so you'll be over there before your tea goes cold."
TONE = ReviewSettings(
    subject="conversational",
    description="As one tells a friend something, in short sentences.",
    scale_question="How conversational does it sound?",
    scale=(
        ScalePoint(1, "encyclopedic", "The crossing has a duration of 35 minutes."),
        ScalePoint(2, "stiff"),
        ScalePoint(3, "plain", "The crossing takes 35 minutes."),
        ScalePoint(4, "relaxed"),
        ScalePoint(5, "conversational", "It's 35 minutes across."),
    ),
    style_rules=(StyleRule("Use contractions.", "It is 35 minutes.", "It's 35 minutes."),),
    vector=4,
    measures=("tone_score",),
)
PERSONA = ReviewSettings(
    subject="Marlo",
    description="A retired ferry captain.",
    traits=(TraitLabel("patient", "waits without fuss"), TraitLabel("dry", "jokes with no smile")),
    basis=Basis.NOTHING,
)
PROVENANCE = Provenance(
    prompts=("question.v1", "tone_answer.v1"),
    teacher="phrasebook",
    parameters=canonical({}),
    seed=0,
)
ARTICLE = Article(
    url="https://example.org/Ferry", revision="7", digest=digest("x"), title="Sound ferry"
)


def passage(text: str = PASSAGE) -> Passage:
    return Passage(article=ARTICLE.id, section="Service", position=0, text=text)


def conversation(
    answer: str = SPOKEN, question: str = "How long does it take?", source: str = PASSAGE
) -> CandidateItem:
    prompt = f"{source}\n\n{question}"
    candidate = Candidate(
        campaign="demo",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(Message(Role.USER, prompt), Message(Role.ASSISTANT, answer)),
        question=question,
        reference="The crossing takes 35 minutes.",
        passage=passage(source).id,
    )
    return CandidateItem(candidate, passage(source), ARTICLE)


def statement(text: str, kind: CandidateKind = CandidateKind.STATEMENT) -> CandidateItem:
    candidate = Candidate(
        campaign="demo", kind=kind, provenance=PROVENANCE, text=text, persona="marlo"
    )
    return CandidateItem(candidate, None, ARTICLE)


def dialogue(*turns: str) -> CandidateItem:
    roles = (Role.USER, Role.ASSISTANT)
    messages = tuple(Message(roles[n % 2], turn) for n, turn in enumerate(turns))
    candidate = Candidate(
        campaign="demo",
        kind=CandidateKind.DIALOGUE,
        provenance=PROVENANCE,
        messages=messages,
        persona="marlo",
    )
    return CandidateItem(candidate, None, ARTICLE)


def comparison(left: str, right: str, prompt: str = "How long does it take?") -> ComparisonItem:
    pair = Comparison(
        campaign="demo", prompt=digest(prompt), left=digest(left), right=digest(right)
    )
    return ComparisonItem(pair, prompt, PASSAGE, left, right)


def offline_client() -> Any:
    """A stand-in for the client that the SDK needs to build settings."""
    return SimpleNamespace(
        api=SimpleNamespace(fields=None, questions=None, metadata=None, vectors=None)
    )


@dataclass
class Progress:
    """Records its calls."""

    calls: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))
