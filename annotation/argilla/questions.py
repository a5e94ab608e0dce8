"""What reviewers see and answer: the Argilla settings for candidates and for comparisons."""

from dataclasses import dataclass
from typing import Any

import argilla as rg

from annotation.argilla.html_text import escape_html
from annotation.guidelines import candidate_guidelines, comparison_guidelines
from annotation.review_settings import ReviewSettings, ScalePoint

MAX_TITLE = 500
MAX_DESCRIPTION = 1000
PREFERENCES = {"left": "A is better", "tie": "No difference", "right": "B is better"}
FAITHFUL = {"yes": "Yes", "partly": "Partly", "no": "No"}
YES_NO = {"yes": "Yes", "no": "No"}
DECISIONS = {"approve": "Approve", "reject": "Reject"}
NO_TRAIT = "none"
TONE_REASONS = {"tone": "Wrong tone"}
TRAIT_REASONS = {"character": "Out of character"}
GROUNDED_REASONS = {
    "unfaithful": "Not what the passage says",
    "copied": "Copied from the source",
}
REASONS = {
    "unnatural": "Not natural",
    "repetitive": "Repeats itself",
    "broken": "Broken or cut off",
    "harmful": "Harmful or private",
    "other": "Something else",
}
COMPARISON_FLAGS = {"harmful": REASONS["harmful"], "broken": "The question makes no sense"}
SPAN_LABELS = {
    "unsupported": "Not in the passage",
    "contradicted": "Against the passage",
    "garbled": "Garbled",
}
TERMS = {
    "article": "Article",
    "section": "Section",
    "kind": "Kind of text",
    "prompt": "Prompt and version",
    "teacher": "Teacher",
    "reviewers": "Assigned to",
}


@dataclass(frozen=True)
class _Builder:
    """Builds fields and questions with one client, so that the SDK doesn't use global state."""

    client: Any
    settings: ReviewSettings

    def field(self, name: str, title: str, *, required: bool = False) -> Any:
        return rg.TextField(name, title=title, required=required, client=self.client)

    def label(self, name: str, title: str, labels: dict[str, str], description: str = "") -> Any:
        return self._question(rg.LabelQuestion, name, title, description, labels=labels)

    def labels(self, name: str, title: str, labels: dict[str, str], description: str = "") -> Any:
        return self._question(
            rg.MultiLabelQuestion, name, title, description, labels=labels, required=False
        )

    def rating(self, name: str, title: str) -> Any:
        points = self.settings.scale
        ends = "; ".join(f"{point.value}: {point.label}" for point in (points[0], points[-1]))
        values = [point.value for point in points]
        title = f"{title} ({ends})"[:MAX_TITLE]
        return self._question(rg.RatingQuestion, name, title, scale_line(points), values=values)

    def traits(self, name: str, title: str) -> Any:
        traits = self.settings.traits
        labels = {trait.name: trait.name.capitalize() for trait in traits}
        labels[NO_TRAIT] = "None of these"
        meanings = "; ".join(f"{trait.name}: {trait.meaning}" for trait in traits if trait.meaning)
        return self._question(rg.MultiLabelQuestion, name, title, meanings, labels=labels)

    def text(self, name: str, title: str, description: str) -> Any:
        return self._question(rg.TextQuestion, name, title, description, required=False)

    def spans(self, name: str, title: str, labels: dict[str, str], description: str) -> Any:
        options = {"field": "candidate", "labels": labels, "required": False}
        return self._question(rg.SpanQuestion, name, title, description, **options)

    def _question(self, kind: Any, name: str, title: str, description: str, **options: Any) -> Any:
        html = escape_html(description, MAX_DESCRIPTION) or None
        return kind(name=name, title=title, description=html, client=self.client, **options)


def scale_line(points: tuple[ScalePoint, ...]) -> str:
    """The scale in one line, for the description of a rating: `1 encyclopedic · 2 plain · …`."""
    return " · ".join(f"{point.value} {point.label}" for point in points)


def reasons(settings: ReviewSettings) -> dict[str, str]:
    """The reasons for a rejection that reviewers choose from, by their stored names."""
    return (
        (TONE_REASONS if settings.scale else {})
        | (TRAIT_REASONS if settings.traits else {})
        | (GROUNDED_REASONS if settings.grounded else {})
        | REASONS
    )


def candidate_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Fields, questions, metadata, vector and guidelines of a dataset of candidates."""
    build = _Builder(client, settings)
    return rg.Settings(
        guidelines=candidate_guidelines(settings),
        fields=_candidate_fields(build),
        questions=_candidate_questions(build),
        metadata=_metadata(client, settings),
        vectors=[rg.VectorField("meaning", settings.vector, title="Meaning", _client=client)]
        if settings.vector
        else [],
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def comparison_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Fields, questions and guidelines of a dataset of blind comparisons.

    It has no metadata and no vectors, because they could tell which model wrote which answer.
    """
    build = _Builder(client, settings)
    return rg.Settings(
        guidelines=comparison_guidelines(settings),
        fields=[
            build.field("question", "Question", required=True),
            build.field("left", "Answer A", required=True),
            build.field("right", "Answer B", required=True),
            build.field("passage", "Source passage"),
        ],
        questions=_comparison_questions(build),
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def _candidate_fields(build: _Builder) -> list[Any]:
    grounded = build.settings.grounded
    brief = [] if grounded else [build.field("brief", "What you are judging", required=True)]
    chat = {"title": "Dialogue to judge", "use_markdown": False, "required": False}
    adjudication = build.settings.adjudication
    return [
        *brief,
        build.field("question", "Question"),
        build.field("candidate", "Text to judge", required=grounded),
        rg.ChatField("dialogue", _client=build.client, **chat),
        *([build.field("said", "What the reviewers answered")] if adjudication else []),
        build.field("reference", "Plain answer, before the rewrite"),
        build.field("passage", "Source passage" if grounded else "The topic, for reference"),
    ]


def _candidate_questions(build: _Builder) -> list[Any]:
    settings = build.settings
    tone = [build.rating("tone", settings.scale_question)] if settings.scale else []
    title = f"Which traits of {settings.subject} does it show?"
    traits = [build.traits("traits", title)] if settings.traits else []
    return [
        *tone,
        *traits,
        build.label("natural", "Would somebody say it like this?", YES_NO),
        *(_faithful(build) if settings.grounded else []),
        build.label("decision", "Should a model learn from it?", DECISIONS),
        build.labels("reasons", "If you reject it, why?", reasons(settings)),
        build.text(
            "improved",
            "Improve the text (optional)",
            "Leave it unchanged if nothing needs improving. The model learns from your version.",
        ),
    ]


def _faithful(build: _Builder) -> list[Any]:
    return [
        build.label(
            "faithful",
            "Does the passage support it?",
            FAITHFUL,
            "Read the passage. It must contain every fact of the text.",
        ),
        build.spans(
            "wrong",
            "Mark what is wrong",
            SPAN_LABELS,
            "Choose a label, then select the words in the text to judge.",
        ),
    ]


def _comparison_questions(build: _Builder) -> list[Any]:
    settings = build.settings
    questions = [
        build.label(
            "preference",
            "Which answer is better?",
            PREFERENCES,
            f"The voice we want: {settings.subject}. “No difference” is a valid answer.",
        )
    ]
    sides = (("left", "A"), ("right", "B"))
    for side, name in sides if settings.scale else ():
        questions.append(build.rating(f"tone_{side}", f"{name}: {settings.scale_question}"))
    for side, name in sides if settings.traits else ():
        questions.append(build.traits(f"traits_{side}", f"Which traits does {name} show?"))
    for side, name in sides if settings.grounded else ():
        title = f"Does the passage support {name}?"
        questions.append(build.label(f"faithful_{side}", title, FAITHFUL))
    flags = build.labels(
        "reasons",
        "Is something wrong with the record itself?",
        COMPARISON_FLAGS,
        "Tick a box only if so. One tick flags the record, even if you discard it.",
    )
    return [*questions, flags]


def _metadata(client: Any, settings: ReviewSettings) -> list[Any]:
    floats = {"uncertainty": "Uncertainty"} | {name: name for name in settings.measures}
    return [
        *(rg.TermsMetadataProperty(n, title=title, client=client) for n, title in TERMS.items()),
        rg.IntegerMetadataProperty("words", title="Words", client=client),
        *(rg.FloatMetadataProperty(n, title=title, client=client) for n, title in floats.items()),
    ]
