"""What a version comes of: its articles, and the teachers and prompts that made its texts."""

import json

from sqlalchemy import select

from db.records import Article, Version
from db.rows import from_row
from db.store import Store
from db.tables import articles, candidates, examples, members


def articles_of(store: Store, version: Version) -> dict[str, Article]:
    """Every article a version's examples come of, by id, in the order of their titles."""
    used = (
        select(examples.c.article)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id, examples.c.article.is_not(None))
    )
    query = select(articles).where(articles.c.id.in_(used)).order_by(articles.c.seq)
    with store.reading() as connection:
        found = [from_row(Article, row) for row in connection.execute(query).mappings()]
    return {article.id: article for article in sorted(found, key=lambda a: (a.title, a.url))}


def made_with(store: Store, version: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The teachers, and the prompt files, that a version's candidates were generated with."""
    query = (
        select(candidates.c.provenance)
        .distinct()
        .join(examples, examples.c.candidate == candidates.c.id)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id)
    )
    teachers: set[str] = set()
    prompts: set[str] = set()
    with store.reading() as connection:
        for provenance in connection.scalars(query):
            made = json.loads(provenance)
            teachers.add(made["teacher"])
            prompts.update(made["prompts"])
    return tuple(sorted(teachers)), tuple(sorted(prompts))
