"""What happens to the pages, passages and templates of each source in the shared data."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from db.records import Article, Passage, Rejection
from pipelines.articles.intake import read_batches
from pipelines.articles.sources import open_source
from pipelines.wikipedia.audit import TemplateAudit, audit_templates
from pipelines.wikipedia.templates.rendering import Treatment

_DUMPS = "wikidump-*/*wiki*.bz2"
_ROWS = "hf-schema-derived/*.parquet"
_MOST_FREQUENT = 5
_EMPTY = {'""', "“”"}
_PUNCTUATION = set(".,;([")


def audit(data: Path) -> list[str]:
    """Tables of the records of each dump, of its templates, and of the gaps in plain text."""
    dumps = [path for path in sorted(data.glob(_DUMPS)) if "-index" not in path.name]
    rows = sorted(data.glob(_ROWS))
    columns = ["source", "articles", "passages", "rejected pages", "rejected passages"]
    lines = [_row(columns), _row(["---"] * len(columns))]
    lines += [_row([_name(path), *_count_records(path)]) for path in [*dumps, *rows]]
    columns = ["dump", *Treatment, "in prose", "most frequent in prose"]
    lines += ["", _row(columns), _row(["---"] * len(columns))]
    lines += [_row([_name(path), *_count_templates(path)]) for path in dumps]
    columns = ["gap in the text of", "passages rejected for it"]
    lines += ["", _row(columns), _row(["---"] * len(columns))]
    return [*lines, *(_row([_name(path), _counts(_gaps(path))]) for path in rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(path: Path) -> str:
    """The file's folder and the start of its name, which tell it from the others."""
    return f"{path.parent.name}: {path.name.split('-latest')[0].split('.')[0]}"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common()) or "none"


def _count_records(path: Path) -> list[str]:
    records = [record for batch in read_batches(str(path), workers=1) for record in batch.records]
    rejections = [record for record in records if isinstance(record, Rejection)]
    return [
        f"{sum(isinstance(record, Article) for record in records):,}",
        f"{sum(isinstance(record, Passage) for record in records):,}",
        _counts(Counter(r.reason for r in rejections if r.stage == "articles")),
        _counts(Counter(r.reason for r in rejections if r.stage == "passages")),
    ]


def _count_templates(path: Path) -> list[str]:
    found: TemplateAudit = audit_templates(open_source(str(path)))
    names = [
        f"`{hole.name}` {hole.in_prose}"
        for hole in found.most_frequent(_MOST_FREQUENT)
        if hole.in_prose
    ]
    calls = [f"{found.calls[treatment]:,}" for treatment in Treatment]
    return [*calls, f"{found.in_prose:,}", ", ".join(names) or "none"]


def _gaps(path: Path) -> Counter[str]:
    """The kinds of traces for which passages of plain text are rejected."""
    return Counter(_kinds(path))


def _kinds(path: Path) -> Iterator[str]:
    for batch in read_batches(str(path), workers=1):
        for record in batch.records:
            if isinstance(record, Rejection) and record.reason == "gap in the text":
                yield _kind(record.detail.partition(": ")[2])


def _kind(trace: str) -> str:
    """The kind of a trace: its name, or else what the passage contains or starts with."""
    if trace in _EMPTY:
        return "empty quotation marks"
    if trace in _PUNCTUATION:
        return "punctuation without a word before it"
    return trace if " " in trace else "start in the middle of a sentence"
