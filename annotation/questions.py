"""What people see and are asked: the Argilla settings for candidates and for comparisons."""

from dataclasses import dataclass
from typing import Any

import argilla as rg

from annotation.guidelines import candidate_guidelines, comparison_guidelines
from annotation.html_text import escape_html
from annotation.review_settings import ReviewSettings, ScalePoint

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
FLAGGED = {"harmful": REASONS["harmful"], "broken": "The question makes no sense"}
WRONG = {
    "unsupported": "Not in the passage",
    "contradicted": "Against the passage",
    "garbled": "Garbled",
}


@dataclass(frozen=True)
class _Builder:
    """Makes settings with one client, which the SDK would otherwise look for in global state."""

    client: Any
    settings: ReviewSettings

    def text(self, name: str, title: str, *, required: bool = False) -> Any:
        return rg.TextField(name, title=title, required=required, client=self.client)

    def label(self, name: str, title: str, labels: dict[str, str], description: str = "") -> Any:
        return rg.LabelQuestion(
            name,
            labels,
            title=title,
            description=escape_html(description, MAX_DESCRIPTION) or None,
            client=self.client,
        )

    def rating(self, name: str, title: str) -> Any:
        points = self.settings.scale
        first, last = points[0], points[-1]
        ends = f"{first.value}: {first.label}; {last.value}: {last.label}"
        return rg.RatingQuestion(
            name,
            [point.value for point in points],
            title=f"{title} ({ends})"[:500],
            description=escape_html(scale_line(points), MAX_DESCRIPTION),
            client=self.client,
        )

    def traits(self, name: str, title: str) -> Any:
        labels = {trait.name: trait.name.capitalize() for trait in self.settings.traits}
        meanings = "; ".join(f"{t.name}: {t.meaning}" for t in self.settings.traits if t.meaning)
        return rg.MultiLabelQuestion(
            name,
            labels | {NO_TRAIT: "None of these"},
            title=title,
            description=escape_html(meanings, MAX_DESCRIPTION) or None,
            client=self.client,
        )


def scale_line(points: tuple[ScalePoint, ...]) -> str:
    """The scale in one line, as it stands under a rating: `1 encyclopedic · 2 plain · …`."""
    return " · ".join(f"{point.value} {point.label}" for point in points)


def reasons(settings: ReviewSettings) -> dict[str, str]:
    """What a reviewer may give as reasons for a rejection, by the names they are kept under."""
    return (
        (TONE_REASONS if settings.scale else {})
        | (TRAIT_REASONS if settings.traits else {})
        | (GROUNDED_REASONS if settings.grounded else {})
        | REASONS
    )


def candidate_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Fields, questions, metadata, vector and guidelines of a dataset of candidates."""
    make = _Builder(client, settings)
    return rg.Settings(
        guidelines=candidate_guidelines(settings),
        fields=_candidate_fields(make),
        questions=_candidate_questions(make),
        metadata=_metadata(make),
        vectors=[rg.VectorField("meaning", settings.vector, title="Meaning", _client=client)]
        if settings.vector
        else [],
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def comparison_settings(client: Any, settings: ReviewSettings) -> rg.Settings:
    """Fields, questions and guidelines of a dataset of blind comparisons.

    It has no metadata and no vector: nothing in it tells which model wrote which side.
    """
    make = _Builder(client, settings)
    return rg.Settings(
        guidelines=comparison_guidelines(settings),
        fields=[
            make.text("question", "Question", required=True),
            make.text("left", "Answer A", required=True),
            make.text("right", "Answer B", required=True),
            make.text("passage", "Source passage"),
        ],
        questions=_comparison_questions(make),
        distribution=rg.TaskDistribution(min_submitted=settings.overlap),
    )


def _candidate_fields(make: _Builder) -> list[Any]:
    grounded = make.settings.grounded
    brief = [] if grounded else [make.text("brief", "What you are looking at", required=True)]
    return [
        *brief,
        make.text("question", "Question"),
        make.text("candidate", "Text to judge", required=grounded),
        rg.ChatField(
            "dialogue",
            title="Dialogue to judge",
            use_markdown=False,
            required=False,
            _client=make.client,
        ),
        *([make.text("said", "What reviewers said")] if make.settings.adjudication else []),
        make.text("reference", "Plain answer, before the rewrite"),
        make.text("passage", "Source passage" if grounded else "The topic, for reference"),
    ]


def _candidate_questions(make: _Builder) -> list[Any]:
    settings = make.settings
    tone = [make.rating("tone", settings.scale_question)] if settings.scale else []
    traits = (
        [make.traits("traits", f"Which traits of {settings.subject} does it show?")]
        if settings.traits
        else []
    )
    return [
        *tone,
        *traits,
        make.label("natural", "Would somebody say it like this?", YES_NO),
        *(_faithful(make) if settings.grounded else []),
        make.label("decision", "Should a model learn from it?", DECISIONS),
        rg.MultiLabelQuestion(
            "reasons",
            reasons(settings),
            title="If you reject it, why?",
            required=False,
            client=make.client,
        ),
        rg.TextQuestion(
            "improved",
            title="Improve the text, if it is worth it",
            description="Leave it as it is where nothing is to be improved. What you change is "
            "what the model will learn from.",
            required=False,
            client=make.client,
        ),
    ]


def _faithful(make: _Builder) -> list[Any]:
    return [
        make.label(
            "faithful",
            "Does the passage say the same?",
            FAITHFUL,
            "Read the passage. Every fact of the text must be in it.",
        ),
        rg.SpanQuestion(
            "wrong",
            field="candidate",
            labels=WRONG,
            title="Mark what is wrong",
            description="Choose a label, then select the words in the text to judge.",
            required=False,
            client=make.client,
        ),
    ]


def _comparison_questions(make: _Builder) -> list[Any]:
    settings = make.settings
    sides = (("left", "A"), ("right", "B"))
    tone = [make.rating(f"tone_{side}", f"{name}: {settings.scale_question}")
            for side, name in sides if settings.scale]  # fmt: skip
    traits = [make.traits(f"traits_{side}", f"Which traits does {name} show?")
              for side, name in sides if settings.traits]  # fmt: skip
    faithful = [make.label(f"faithful_{side}", f"Does the passage say what {name} says?", FAITHFUL)
                for side, name in sides if settings.grounded]  # fmt: skip
    preference = make.label(
        "preference",
        "Which is the better answer?",
        PREFERENCES,
        f"The voice we want: {settings.subject}. Choose “No difference” freely: it is an answer "
        "like the others.",
    )
    flags = rg.MultiLabelQuestion(
        "reasons",
        FLAGGED,
        title="Is something wrong with the record itself?",
        description="Only then. One tick flags the record, whether you answer or discard it.",
        required=False,
        client=make.client,
    )
    return [preference, *tone, *traits, *faithful, flags]


def _metadata(make: _Builder) -> list[Any]:
    terms = {
        "article": "Article",
        "section": "Section",
        "kind": "Kind of text",
        "prompt": "Prompt and version",
        "teacher": "Teacher",
        "reviewers": "For",
    }
    return [
        *(
            rg.TermsMetadataProperty(n, title=title, client=make.client)
            for n, title in terms.items()
        ),
        rg.IntegerMetadataProperty("words", title="Words", client=make.client),
        rg.FloatMetadataProperty("uncertainty", title="Uncertainty", client=make.client),
        *(rg.FloatMetadataProperty(n, title=n, client=make.client) for n in make.settings.measures),
    ]
