"""One-line, human-readable descriptions of records."""

import json
from collections.abc import Callable
from typing import Any

from db import records
from db.records import Interval, Record

_WIDTH = 100
_LONGEST_FACT = 40
_HIDDEN_FACTS = ("adapter", "precision_reason")
_RUN_FACTS = ("steps", "batch_size", "learning_rate", "lora_rank", "precision")
_OUTPUT_FACTS = ("base", "precision", "temperature", "max_new_tokens")


def describe(record: Record) -> str:
    """Describe a record in one line, without its id."""
    return _DESCRIPTIONS[type(record)](record)


def agreement_in_words(alpha: Interval | None) -> str:
    """Format Krippendorff's alpha and its confidence interval as text."""
    if alpha is None:
        return "unknown"
    return f"alpha {alpha.estimate:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"


def facts(text: str, names: tuple[str, ...] = ()) -> str:
    """Format the values of a JSON object: `steps 160, losses 1.3 to 0.78`.

    If `names` are given, only these values are shown. Empty and nested values are left out, and so
    are texts of more than 40 characters. Of a list of numbers, the first and last are shown.
    """
    values = json.loads(text)
    plain = {name: _plain(values[name]) for name in names or values if name in values}
    return ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in plain.items()
        if name not in _HIDDEN_FACTS and 0 < len(value) <= _LONGEST_FACT
    )


def _plain(value: Any) -> str:
    match value:
        case [float() as first, *_, float() as last]:
            return f"{first:.4g} to {last:.4g}"
        case list() | dict():
            return ""
        case float():
            return f"{value:.4g}"
    return str(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= _WIDTH else f"“{line[: _WIDTH - 1]}…”"


def _last_text(record: records.Candidate | records.Example) -> str:
    return _short(record.messages[-1].content if record.messages else record.text)


def _candidate(record: records.Candidate) -> str:
    source = record.provenance
    prompts = ", ".join(source.prompts) or "none"
    return (
        f"{record.kind} of {record.campaign} by {source.teacher}, prompts {prompts}, "
        f"seed {source.seed}, {source.parameters}: {_last_text(record)}"
    )


def _review(record: records.Review) -> str:
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


def _event(event: records.Event) -> str:
    detail = facts(event.detail)
    return f"{event.kind} at {event.at[:19]}" + (f" ({detail})" if detail else "")


_DESCRIPTIONS: dict[type[Record], Callable[[Any], str]] = {
    records.Article: lambda article: (
        f"“{article.title}”, revision {article.revision or 'unknown'}, {article.url}, "
        f"{article.licence or 'unknown licence'}"
    ),
    records.Passage: lambda passage: (
        f"passage {passage.position} in {passage.section or 'the lead'}: {_short(passage.text)}"
    ),
    records.Candidate: _candidate,
    records.Rejection: lambda rejection: (
        f"rejected in {rejection.scope} by {rejection.stage}: {rejection.reason}"
        + (f" ({rejection.detail})" if rejection.detail else "")
    ),
    records.Review: _review,
    records.Verdict: lambda verdict: (
        f"{verdict.decision} by {verdict.rule}, {len(verdict.reviews)} reviews"
        + (f", text {_short(verdict.text)}" if verdict.text is not None else "")
    ),
    records.Example: lambda example: (
        f"{example.kind} in the {example.split} split: {_last_text(example)}"
    ),
    records.Pair: lambda pair: (
        f"{pair.source} in the {pair.split} split, {pair.support} of {len(pair.reviews)} reviews "
        f"agree: {_short(pair.chosen)} rather than {_short(pair.rejected)}"
    ),
    records.Version: lambda version: (
        f"“{version.name}” of {version.campaign}, {version.split_counts}, "
        + (f"{version.pairs} pairs, " if version.pairs else "")
        + f"reviewed by {version.reviewers}"
        + (f", gates overridden: {version.override}" if version.override else "")
    ),
    records.Run: lambda run: (
        f"an adapter on {run.base} ({run.base_fingerprint[:12]}), seed {run.seed}, "
        f"{facts(run.config, _RUN_FACTS)}"
    ),
    records.Output: lambda output: (
        f"{output.arm}, seed {output.seed}, {facts(output.generation, _OUTPUT_FACTS)}: "
        f"{_short(output.text)}"
    ),
    records.Comparison: lambda comparison: (
        f"A {comparison.left[:12]} against B {comparison.right[:12]} in {comparison.campaign}"
    ),
    records.Measure: lambda measure: f"{measure.name} {measure.value:g} ({measure.source})",
    records.ReadingPosition: lambda position: (
        f"file {position.source_fingerprint[:12]} read "
        + ("to its end" if position.offset is None else f"up to byte {position.offset}")
    ),
    records.Event: _event,
}
