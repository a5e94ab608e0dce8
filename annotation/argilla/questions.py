"""Build the Argilla settings for candidates and comparisons: fields, questions and guidelines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import argilla as rg

from annotation.argilla.answer_values import EDIT_QUESTION
from annotation.argilla.html_text import escape_html
from annotation.guidelines import candidate_guidelines, comparison_guidelines
from annotation.review_settings import NO_TRAIT, Basis, ReviewSettings

MAX_TITLE = 500
MAX_DESCRIPTION = 1000
PREFERENCES = {"left": "A is better", "tie": "No difference", "right": "B is better"}
FAITHFUL = {"yes": "Yes", "partly": "Partly", "no": "No"}
_FAITHFUL_TITLES = {
    Basis.PASSAGE: "Does the passage support {}?",
    Basis.ORIGINAL: "Does {} say the same as the original answer?",
}
YES_NO = {"yes": "Yes", "no": "No"}
DECISIONS = {"approve": "Approve", "reject": "Reject"}
REASONS = {
    "unnatural": "Not natural",
    "repetitive": "Repeats itself",
    "broken": "Broken or cut off",
    "harmful": "Harmful or private",
    "other": "Something else",
}
COMPARISON_FLAGS = {"harmful": REASONS["harmful"], "broken": "The question makes no sense"}
TERMS = {
    "article": "Article",
    "section": "Section",
    "kind": "Kind of text",
    "prompt": "Prompt and version",
    "teacher": "Teacher",
    "reviewers": "Assigned to",
    "suggested": "Suggested by measures",
}


@dataclass(frozen=True)
class _Builder:
    """Builds fields and questions with an explicit client instead of the SDK's global one."""

    client: Any
    settings: ReviewSettings

    def field(self, name: str, title: str, *, required: bool = False) -> Any:
        return rg.TextField(name, title=title, required=required, client=self.client)

    def question(
        self, kind: Any, name: str, title: str, description: str = "", **options: Any
    ) -> Any:
        html = escape_html(description, MAX_DESCRIPTION) or None
        return kind(name=name, title=title, description=html, client=self.client, **options)

    def label(self, name: str, title: str, labels: dict[str, str], description: str = "") -> Any:
        return self.question(rg.LabelQuestion, name, title, description, labels=labels)

    def rating(self, name: str, title: str) -> Any:
        """Build the question that asks reviewers to rate the tone.

        The question's description contains the whole scale on one line.
        """
        points = self.settings.scale
        ends = "; ".join(f"{point.value}: {point.label}" for point in (points[0], points[-1]))
        title = f"{title} ({ends})"[:MAX_TITLE]
        line = " · ".join(f"{point.value} {point.label}" for point in points)
        values = list(self.settings.ratings)
        return self.question(rg.RatingQuestion, name, title, line, values=values)

    def traits(self, name: str, title: str) -> Any:
        traits = self.settings.traits
        labels = {trait.name: trait.name.capitalize() for trait in traits}
        labels[NO_TRAIT] = "None of these"
        meanings = "; ".join(f"{trait.name}: {trait.meaning}" for trait in traits if trait.meaning)
        return self.question(rg.MultiLabelQuestion, name, title, meanings, labels=labels)

    def reasons(self, title: str, labels: dict[str, str], description: str = "") -> Any:
        options = {"labels": labels, "required": False}
        return self.question(rg.MultiLabelQuestion, "reasons", title, description, **options)


def reasons(settings: ReviewSettings) -> dict[str, str]:
    """Return the reasons for rejection that reviewers can choose, as stored names with labels."""
    return (
        ({"tone": "Wrong tone"} if settings.scale else {})
        | ({"character": "Out of character"} if settings.traits else {})
        | (_grounded_reasons(settings) if settings.is_grounded else {})
        | REASONS
    )


def _grounded_reasons(settings: ReviewSettings) -> dict[str, str]:
    return {
        "unfaithful": f"Not what the {settings.source_noun} says",
        "copied": "Copied from the source",
    }


def _span_labels(settings: ReviewSettings) -> dict[str, str]:
    """Return the labels with which reviewers mark wrong words, keyed by stored name.

    Argilla's UI derives the colour of each label from its stored name, so the names are chosen to
    give clearly different colours.
    """
    return {
        "unsupported": f"Not in the {settings.source_noun}",
        "contradicted": f"Against the {settings.source_noun}",
        "nonsense": "Garbled",
    }


def candidate_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Build the fields, questions, metadata, vector and guidelines of a candidate dataset."""
    build = _Builder(client, settings)
    return rg.Settings(
        guidelines=candidate_guidelines(settings),
        fields=list(_candidate_fields(build)),
        questions=list(_candidate_questions(build)),
        metadata=_metadata(client, settings),
        vectors=[rg.VectorField("meaning", settings.vector, title="Meaning", _client=client)]
        if settings.vector
        else [],
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def comparison_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Build the fields, questions and guidelines of a dataset of blind comparisons.

    Comparisons have no metadata or vectors, because these could reveal which model wrote which
    answer.
    """
    build = _Builder(client, settings)
    return rg.Settings(
        guidelines=comparison_guidelines(settings),
        fields=[
            build.field("question", "Question", required=True),
            build.field("left", "Answer A", required=True),
            build.field("right", "Answer B", required=True),
            *_source_fields(build),
        ],
        questions=list(_comparison_questions(build)),
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def _candidate_fields(build: _Builder) -> Iterator[Any]:
    """Yield the fields of a candidate record, in the order in which the page shows them."""
    settings = build.settings
    yield build.field("candidate", "Text to judge")
    chat = {"title": "Dialogue to judge", "use_markdown": False, "required": False}
    yield rg.ChatField("dialogue", _client=build.client, **chat)
    yield from _source_fields(build)
    if settings.adjudication:
        yield build.field("said", "What the reviewers answered")
    yield build.field("question", "Question")
    if settings.basis is Basis.PASSAGE:
        yield build.field("reference", "Plain answer, before the rewrite")
    if not settings.is_grounded:
        yield build.field("brief", "What you are judging", required=True)


def _source_fields(build: _Builder) -> Iterator[Any]:
    settings = build.settings
    if settings.basis is Basis.PASSAGE:
        yield build.field("passage", "Source passage", required=True)
    elif settings.basis is Basis.ORIGINAL:
        yield build.field("reference", "Original answer", required=True)
    elif settings.traits:
        yield build.field("passage", "The topic, for reference")


def _candidate_questions(build: _Builder) -> Iterator[Any]:
    settings = build.settings
    if settings.scale:
        yield build.rating("tone", settings.scale_question)
    if settings.traits:
        yield build.traits("traits", f"Which traits of {settings.subject} does it show?")
    yield build.label("natural", "Would somebody say it like this?", YES_NO)
    if settings.is_grounded:
        yield build.label("faithful", _FAITHFUL_TITLES[settings.basis].format("it"), FAITHFUL)
        description = "Choose a label, then select the words in the text to judge."
        options = {"field": "candidate", "labels": _span_labels(settings), "required": False}
        yield build.question(rg.SpanQuestion, "wrong", "Mark what is wrong", description, **options)
    yield build.label("decision", "Should a model learn from it?", DECISIONS)
    yield build.reasons("If you reject it, why?", reasons(settings))
    title = "Improve the text (optional)"
    description = (
        "Leave it unchanged if nothing needs improving. The model learns from your version."
    )
    yield build.question(rg.TextQuestion, EDIT_QUESTION, title, description, required=False)


def _comparison_questions(build: _Builder) -> Iterator[Any]:
    settings = build.settings
    description = f"The voice we want: {settings.subject}. “No difference” is a valid answer."
    yield build.label("preference", "Which answer is better?", PREFERENCES, description)
    sides = (("left", "A"), ("right", "B"))
    for side, name in sides if settings.scale else ():
        yield build.rating(f"tone_{side}", f"{name}: {settings.scale_question}")
    for side, name in sides if settings.traits else ():
        yield build.traits(f"traits_{side}", f"Which traits does {name} show?")
    for side, name in sides if settings.is_grounded else ():
        title = _FAITHFUL_TITLES[settings.basis].format(name)
        yield build.label(f"faithful_{side}", title, FAITHFUL)
    title = "Is something wrong with the record itself?"
    description = "Tick a box only if so. One tick flags the record, even if you discard it."
    yield build.reasons(title, COMPARISON_FLAGS, description)


def _metadata(client: Any, settings: ReviewSettings) -> list[Any]:
    floats = {"uncertainty": "Uncertainty"} | {name: name for name in settings.measures}
    return [
        *(rg.TermsMetadataProperty(n, title=title, client=client) for n, title in TERMS.items()),
        rg.IntegerMetadataProperty("words", title="Words", client=client),
        *(rg.FloatMetadataProperty(n, title=title, client=client) for n, title in floats.items()),
    ]
