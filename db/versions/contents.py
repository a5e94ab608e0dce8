"""The contents of a frozen version: examples, pairs, and their articles, teachers and prompts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, or_, select

from db.errors import StoreError
from db.records import Article, Event, EventKind, Example, Pair, PairSource, Record, Split, Version
from db.sql.rows import batches, from_row
from db.sql.tables import articles, candidates, examples, members, pair_members, pairs
from db.store import Store

R = TypeVar("R", bound=Record)

_BATCH = 2000


def version_examples(
    store: Store, version: Version, split: Split | None = None
) -> Iterator[Example]:
    """Yield the examples of a version (or of one split) in a fixed order, verifying every hash.

    Raises `StoreError` if data was withdrawn from the version, or if an example is missing or was
    changed.
    """
    _check_complete(store, version)
    where = {} if split is None else {"split": split.value}
    rows = store.rows(members, version=version.id, **where)
    yield from _intact_records(store, Example, (row["example"] for row in rows))


def version_pairs(store: Store, version: Version, split: Split | None = None) -> Iterator[Pair]:
    """Yield the preference pairs of a version (or of one split), like `version_examples`."""
    _check_complete(store, version)
    where = {} if split is None else {"split": split.value}
    rows = store.rows(pair_members, version=version.id, **where)
    yield from _intact_records(store, Pair, (row["pair"] for row in rows))


@dataclass(frozen=True)
class PairCount:
    """The number of a version's pairs from one source in one split."""

    source: PairSource
    split: Split
    count: int


def pair_counts(store: Store, version: Version) -> list[PairCount]:
    """Count the pairs of a version by source and split, leaving out erased pairs."""
    query = (
        select(pairs.c.source, pairs.c.split, func.count())
        .join(pair_members, pair_members.c.pair == pairs.c.id)
        .where(pair_members.c.version == version.id)
        .group_by(pairs.c.source, pairs.c.split)
        .order_by(pairs.c.source, pairs.c.split)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return [PairCount(PairSource(source), Split(split), count) for source, split, count in rows]


def pair_rejections(store: Store, version: Version) -> dict[str, int]:
    """The number of pairs that were rejected when a version was frozen, by reason."""
    frozen = next(store.stream(Event, subject=version.id, kind=EventKind.FROZEN.value), None)
    detail = json.loads(frozen.detail) if frozen else {}
    rejections: dict[str, int] = detail.get("pair_rejections", {})
    return rejections


def _check_complete(store: Store, version: Version) -> None:
    events = withdrawals(store, version)
    if events:
        raise StoreError(
            f"Version {version.id[:12]} “{version.name}” is incomplete because data was withdrawn "
            f"on {events[0].at[:10]}. Freeze a new version without that data."
        )


def _intact_records(store: Store, kind: type[R], ids: Iterable[str]) -> Iterator[R]:
    for batch in batches(ids, _BATCH):
        by_id = store.get_many(kind, batch)
        for id in batch:
            record = by_id.get(id)
            if record is None or record.recompute_id() != id:
                raise StoreError(
                    f"{kind.__name__} {id[:12]} {'was changed' if record else 'is missing'}. Run "
                    "`timbre version verify` to see all damage, and restore the database from a "
                    "backup."
                )
            yield record


def withdrawals(store: Store, version: Version) -> list[Event]:
    """The withdrawals of data from a version, oldest first.

    A version from which data was withdrawn can't be used for training.
    """
    return list(store.stream(Event, subject=version.id, kind=EventKind.WITHDRAWN.value))


def find_version(store: Store, name: str) -> Version:
    """Find the newest version with this name, or the version whose id starts with `name`.

    An id prefix needs at least 6 digits.

    Raises `StoreError` if there is no such version.
    """
    versions = list(store.stream(Version))
    for version in reversed(versions):
        if version.name == name or (len(name) >= 6 and version.id.startswith(name.lower())):
            return version
    names = ", ".join(dict.fromkeys(version.name for version in versions))
    fix = "Freeze one with `timbre version freeze`."
    if names:
        fix = f"Enter an id or one of these names: {names}."
    raise StoreError(f"There is no version “{name}”. {fix}")


def check_campaign(version: Version, campaign: str, subject: str) -> None:
    """Raise `StoreError` if a version doesn't belong to the given campaign.

    Answers to one campaign's prompts must not be judged by the criteria of another campaign.
    `subject` is the start of the error message and names the version or one of its runs.
    """
    if version.campaign != campaign:
        raise StoreError(
            f"{subject} belongs to the campaign {version.campaign}, not to {campaign}. Use "
            f"{version.campaign} instead; `timbre version list` and `timbre run list` show the "
            "campaigns."
        )


def version_articles(store: Store, version: Version) -> dict[str, Article]:
    """The source articles of a version's examples and pairs, keyed by id and sorted by title."""
    of_examples = (
        select(examples.c.article)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id, examples.c.article.is_not(None))
    )
    of_pairs = (
        select(pairs.c.article)
        .join(pair_members, pair_members.c.pair == pairs.c.id)
        .where(pair_members.c.version == version.id, pairs.c.article.is_not(None))
    )
    is_source = or_(articles.c.id.in_(of_examples), articles.c.id.in_(of_pairs))
    query = select(articles).where(is_source).order_by(articles.c.seq)
    with store.reading() as connection:
        records = [from_row(Article, row) for row in connection.execute(query).mappings()]
    return {article.id: article for article in sorted(records, key=lambda a: (a.title, a.url))}


def teachers_and_prompts(store: Store, version: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The teachers and prompt files that were used to generate a version's candidates.

    If a teacher has a description, as recorded teachers do, the description follows its name in
    brackets.
    """
    of_examples = (
        select(examples.c.candidate)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id)
    )
    # An approved candidate has an example, so only rejected candidates come from pairs alone.
    of_pairs = (
        select(pairs.c.rejected_from)
        .join(pair_members, pair_members.c.pair == pairs.c.id)
        .where(pair_members.c.version == version.id)
    )
    is_source = or_(candidates.c.id.in_(of_examples), candidates.c.id.in_(of_pairs))
    query = select(candidates.c.provenance).distinct().where(is_source)
    with store.reading() as connection:
        sources = [json.loads(provenance) for provenance in connection.scalars(query)]
    teachers = {_describe_teacher(source) for source in sources}
    prompts = {prompt for source in sources for prompt in source["prompts"]}
    return tuple(sorted(teachers)), tuple(sorted(prompts))


def _describe_teacher(provenance: dict[str, str]) -> str:
    description = json.loads(provenance["parameters"]).get("description")
    return f"{provenance['teacher']} ({description})" if description else provenance["teacher"]
