"""Articles in: a source read into articles, passages and counted refusals."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from db.records import Article, Measure, Passage, Record, Rejection, digest
from db.store import Store
from pipelines.wikipedia.intake import parts
from pipelines.wikipedia.sources import name_of
from timbre.console import Advance

_BATCH = 2000
_PLACE = "intake.v1"
_WHOLE = -1


@dataclass
class Intake:
    """What reading a source came to; `new` counts the records that the store did not have.

    `after` is the byte of a dump up to which it had been read before.
    """

    articles: int = 0
    passages: int = 0
    new: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    after: int = 0


def add_articles(
    store: Store, source: str, advance: Advance, licence: str = "", limit: int = 0
) -> Intake:
    """Read a source into the store: articles, their passages, and what was refused and why.

    A dump of many streams whose reading was broken off is gone on with where it was. `licence` is
    that of texts which are not Wikipedia's; `limit` the most articles, 0 for all.
    """
    file = "" if limit else _fingerprint(source)
    reached = _places(store, file)
    # A dump that was read to its end is read anew, which finds nothing new but counts it all.
    intake = Intake(after=0 if _WHOLE in reached else max(reached, default=0))
    batch: list[Record] = []

    def keep(place: int) -> None:
        # The place goes with the records or not at all, so that what is passed over is there.
        marks = [_at(file, place)] if file and place not in {0, *reached} else []
        records = [*batch, *marks]
        batch.clear()  # first, for a write that was broken off is not to be tried again at the end
        intake.new += store.add(records) - len(marks)
        advance(intake.articles, 0)

    last = 0
    try:
        for part in parts(source, licence, after=intake.after):
            for record in part.records:
                if limit and intake.articles == limit and isinstance(record, Article):
                    return intake
                _count(intake, record)
                batch.append(record)
            last = part.place
            if len(batch) >= _BATCH:
                keep(last)
        keep(_WHOLE if last else 0)
    finally:
        # What comes before a break in the source is whole, and kept.
        keep(0)
    return intake


def _fingerprint(source: str) -> str:
    """What tells one state of a file from another, empty for what is no file."""
    path = Path(source)
    if not path.is_file():
        return ""
    found = path.stat()
    return digest(f"{path.name}:{found.st_size}:{found.st_mtime_ns}")


def _places(store: Store, file: str) -> set[int]:
    """The bytes up to which a dump of many streams was read."""
    return {int(m.name) for m in store.stream(Measure, subject=file, source=_PLACE)}


def _at(file: str, place: int) -> Measure:
    return Measure(subject=file, name=str(place), source=_PLACE, value=float(place))


def campaign_passages(store: Store, sources: tuple[str, ...], limit: int) -> list[Passage]:
    """The passages of some sources (of all where none is named), at most `limit` unless that is 0.

    They come in rounds, the first passage of every article before the second of any, so that a
    limit takes from as many articles as it can.
    """
    where: dict[str, object] = {"source": tuple(map(name_of, sources))} if sources else {}
    articles = tuple(article.id for article in store.stream(Article, **where))
    found = sorted(
        store.stream(Passage, article=articles), key=lambda passage: (passage.position, passage.id)
    )
    return found[:limit] if limit else found


def _count(intake: Intake, record: Record) -> None:
    if isinstance(record, Article):
        intake.articles += 1
    elif isinstance(record, Passage):
        intake.passages += 1
    elif isinstance(record, Rejection):
        intake.refused[record.reason] += 1
