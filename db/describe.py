"""A record in one line, for people."""

from collections.abc import Callable
from typing import Any

from db.records import (
    Article,
    Candidate,
    Comparison,
    Event,
    Example,
    Interval,
    Measure,
    Output,
    Passage,
    ReadingPosition,
    Record,
    Rejection,
    Review,
    ReviewerKind,
    Run,
    Verdict,
    Version,
)

_WIDTH = 100


def describe(record: Record) -> str:
    """What a record says, without its id, in one line."""
    return _DESCRIPTIONS[type(record)](record)


def split_counts(version: Version) -> str:
    """How many examples each split of a version has, in words."""
    return f"{version.train} train, {version.validation} validation, {version.test} test"


def reviewers_in_words(version: Version) -> str:
    """Who reviewed a version: people, written rules or nobody."""
    words = {"person": "people", "rule": "written rules (not people)"}
    return " and ".join(words[kind] for kind in version.reviewer_kinds) or "nobody"


def agreement_in_words(alpha: Interval | None) -> str:
    """Krippendorff's alpha with its interval, in words."""
    if alpha is None:
        return "not known"
    return f"alpha {alpha.estimate:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= _WIDTH else f"“{line[: _WIDTH - 1]}…”"


def _article(record: Article) -> str:
    licence = record.licence or "licence not known"
    return f"“{record.title}”, revision {record.revision or 'unknown'}, {record.url}, {licence}"


def _passage(record: Passage) -> str:
    where = record.section or "the lead"
    return f"passage {record.position} in {where}: {_short(record.text)}"


def _candidate(record: Candidate) -> str:
    made = record.provenance
    text = record.messages[-1].content if record.messages else record.text
    return (
        f"{record.kind} of {record.campaign} by {made.teacher}, prompts "
        f"{', '.join(made.prompts) or 'none'}, seed {made.seed}, {made.parameters}: {_short(text)}"
    )


def _rejection(record: Rejection) -> str:
    detail = f" ({record.detail})" if record.detail else ""
    return f"rejected in {record.scope} by {record.stage}: {record.reason}{detail}"


def _review(record: Review) -> str:
    who = "rule" if record.reviewer_kind is ReviewerKind.RULE else "person"
    said = ", ".join(f"{answer.question}: {_value(answer.value)}" for answer in record.answers)
    edit = f", edited to {_short(record.edited)}" if record.edited is not None else ""
    when = f" on {record.submitted_at[:10]}" if record.submitted_at else ""
    return f"{record.reviewer} ({who}) {record.status}{when} {said or 'no answer'}{edit}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(_value(item) for item in value) or "none"
    if hasattr(value, "label"):
        return f"{value.label} [{value.start}, {value.end})"
    return str(value)


def _verdict(record: Verdict) -> str:
    edit = f", text {_short(record.text)}" if record.text is not None else ""
    return f"{record.decision} by {record.rule}, {len(record.reviews)} reviews{edit}"


def _example(record: Example) -> str:
    text = record.messages[-1].content if record.messages else record.text
    return f"{record.kind} on the {record.split} side: {_short(text)}"


def _version(record: Version) -> str:
    kinds = " and ".join(record.reviewer_kinds) or "nobody"
    override = f", gates overridden: {record.override}" if record.override else ""
    return (
        f"“{record.name}” of {record.campaign}, {split_counts(record)}, judged by {kinds}{override}"
    )


def _run(record: Run) -> str:
    base = f"{record.base} ({record.base_fingerprint[:12]})"
    return f"an adapter on {base}, seed {record.seed}, {record.config}"


def _output(record: Output) -> str:
    return f"{record.arm}, seed {record.seed}, {record.generation}: {_short(record.text)}"


def _comparison(record: Comparison) -> str:
    return f"A {record.left[:12]} against B {record.right[:12]} in {record.campaign}"


def _measure(record: Measure) -> str:
    return f"{record.name} {record.value:g} ({record.source})"


def _reading_position(record: ReadingPosition) -> str:
    place = "to its end" if record.offset is None else f"up to byte {record.offset}"
    return f"file {record.source_fingerprint[:12]} read {place}"


def _event(record: Event) -> str:
    detail = "" if record.detail == "{}" else f" {record.detail}"
    return f"{record.kind} at {record.at}{detail}"


_DESCRIPTIONS: dict[type[Record], Callable[[Any], str]] = {
    Article: _article,
    Passage: _passage,
    Candidate: _candidate,
    Rejection: _rejection,
    Review: _review,
    Verdict: _verdict,
    Example: _example,
    Version: _version,
    Run: _run,
    Output: _output,
    Comparison: _comparison,
    Measure: _measure,
    ReadingPosition: _reading_position,
    Event: _event,
}
