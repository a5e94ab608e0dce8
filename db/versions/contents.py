"""The contents of a frozen version: its examples, and their articles, teachers and prompts."""

import json
from collections.abc import Iterator

from sqlalchemy import select

from db.errors import StoreError
from db.records import Article, Event, EventKind, Example, Split, Version
from db.sql.rows import batches, from_row
from db.sql.tables import articles, candidates, examples, members
from db.store import Store

_BATCH = 2000


def version_examples(
    store: Store, version: Version, split: Split | None = None
) -> Iterator[Example]:
    """Yield the examples of a version (or of one split) in a fixed order, verifying every hash.

    Raises `StoreError` if data was withdrawn from the version, or if an example is missing or was
    changed.
    """
    events = withdrawals(store, version)
    if events:
        raise StoreError(
            f"Version {version.id[:12]} “{version.name}” is incomplete because data was withdrawn "
            f"on {events[0].at[:10]}. Freeze a new version without that data."
        )
    where = {} if split is None else {"split": split.value}
    rows = store.rows(members, version=version.id, **where)
    for batch in batches((row["example"] for row in rows), _BATCH):
        by_id = store.get_many(Example, batch)
        for id in batch:
            example = by_id.get(id)
            if example is None or example.recompute_id() != id:
                raise StoreError(
                    f"Example {id[:12]} {'was changed' if example else 'is missing'}. Run `timbre "
                    "version verify` to see all damage, and restore the database from a backup."
                )
            yield example


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
    """The source articles of a version's examples, keyed by id and sorted by title."""
    ids = (
        select(examples.c.article)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id, examples.c.article.is_not(None))
    )
    query = select(articles).where(articles.c.id.in_(ids)).order_by(articles.c.seq)
    with store.reading() as connection:
        records = [from_row(Article, row) for row in connection.execute(query).mappings()]
    return {article.id: article for article in sorted(records, key=lambda a: (a.title, a.url))}


def teachers_and_prompts(store: Store, version: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The teachers and prompt files that were used to generate a version's candidates.

    If a teacher has a description, as recorded teachers do, the description follows its name in
    brackets.
    """
    query = (
        select(candidates.c.provenance)
        .distinct()
        .join(examples, examples.c.candidate == candidates.c.id)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id)
    )
    with store.reading() as connection:
        sources = [json.loads(provenance) for provenance in connection.scalars(query)]
    teachers = {_describe_teacher(source) for source in sources}
    prompts = {prompt for source in sources for prompt in source["prompts"]}
    return tuple(sorted(teachers)), tuple(sorted(prompts))


def _describe_teacher(provenance: dict[str, str]) -> str:
    description = json.loads(provenance["parameters"]).get("description")
    return f"{provenance['teacher']} ({description})" if description else provenance["teacher"]
