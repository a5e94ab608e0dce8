"""Records and versions in words, for people."""

from functools import singledispatch
from typing import Any

from db import records
from db.records import Interval, Record

_WIDTH = 100


@singledispatch
def describe(record: Record) -> str:
    """A record in one line, without its id."""
    raise TypeError(f"{type(record).__name__} has no description.")


def agreement_in_words(alpha: Interval | None) -> str:
    """Krippendorff's alpha with its interval, in words."""
    if alpha is None:
        return "unknown"
    return f"alpha {alpha.estimate:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= _WIDTH else f"“{line[: _WIDTH - 1]}…”"


@describe.register
def _(record: records.Article) -> str:
    licence = record.licence or "unknown licence"
    return f"“{record.title}”, revision {record.revision or 'unknown'}, {record.url}, {licence}"


@describe.register
def _(record: records.Passage) -> str:
    section = record.section or "the lead"
    return f"passage {record.position} in {section}: {_short(record.text)}"


@describe.register
def _(record: records.Candidate) -> str:
    source = record.provenance
    prompts = ", ".join(source.prompts) or "none"
    return (
        f"{record.kind} of {record.campaign} by {source.teacher}, prompts {prompts}, "
        f"seed {source.seed}, {source.parameters}: {_short(_last_text(record))}"
    )


def _last_text(record: records.Candidate | records.Example) -> str:
    return record.messages[-1].content if record.messages else record.text


@describe.register
def _(record: records.Rejection) -> str:
    detail = f" ({record.detail})" if record.detail else ""
    return f"rejected in {record.scope} by {record.stage}: {record.reason}{detail}"


@describe.register
def _(record: records.Review) -> str:
    answers = ", ".join(f"{answer.question}: {_value(answer.value)}" for answer in record.answers)
    edit = f", edited to {_short(record.edited)}" if record.edited is not None else ""
    date = f" on {record.submitted_at[:10]}" if record.submitted_at else ""
    reviewer = f"{record.reviewer} ({record.reviewer_kind})"
    return f"{reviewer} {record.status}{date} {answers or 'no answer'}{edit}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(_value(item) for item in value) or "none"
    if hasattr(value, "label"):
        return f"{value.label} [{value.start}, {value.end})"
    return str(value)


@describe.register
def _(record: records.Verdict) -> str:
    edit = f", text {_short(record.text)}" if record.text is not None else ""
    return f"{record.decision} by {record.rule}, {len(record.reviews)} reviews{edit}"


@describe.register
def _(record: records.Example) -> str:
    return f"{record.kind} in the {record.split} split: {_short(_last_text(record))}"


@describe.register
def _(record: records.Version) -> str:
    override = f", gates overridden: {record.override}" if record.override else ""
    return (
        f"“{record.name}” of {record.campaign}, {record.split_counts}, "
        f"reviewed by {record.reviewers}{override}"
    )


@describe.register
def _(record: records.Run) -> str:
    base = f"{record.base} ({record.base_fingerprint[:12]})"
    return f"an adapter on {base}, seed {record.seed}, {record.config}"


@describe.register
def _(record: records.Output) -> str:
    return f"{record.arm}, seed {record.seed}, {record.generation}: {_short(record.text)}"


@describe.register
def _(record: records.Comparison) -> str:
    return f"A {record.left[:12]} against B {record.right[:12]} in {record.campaign}"


@describe.register
def _(record: records.Measure) -> str:
    return f"{record.name} {record.value:g} ({record.source})"


@describe.register
def _(record: records.ReadingPosition) -> str:
    place = "to its end" if record.offset is None else f"up to byte {record.offset}"
    return f"file {record.source_fingerprint[:12]} read {place}"


@describe.register
def _(record: records.Event) -> str:
    detail = "" if record.detail == "{}" else f" {record.detail}"
    return f"{record.kind} at {record.at}{detail}"
