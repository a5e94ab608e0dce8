"""The sources of a version: its articles, and the teachers and prompts behind its texts."""

import json

from sqlalchemy import select

from db.records import Article, Version
from db.rows import from_row
from db.store import Store
from db.tables import articles, candidates, examples, members


def version_articles(store: Store, version: Version) -> dict[str, Article]:
    """The source articles of a version's examples by id, sorted by title."""
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
    """The teachers and the prompt files that generated a version's candidates."""
    query = (
        select(candidates.c.provenance)
        .distinct()
        .join(examples, examples.c.candidate == candidates.c.id)
        .join(members, members.c.example == examples.c.id)
        .where(members.c.version == version.id)
    )
    with store.reading() as connection:
        sources = [json.loads(provenance) for provenance in connection.scalars(query)]
    teachers = {source["teacher"] for source in sources}
    prompts = {prompt for source in sources for prompt in source["prompts"]}
    return tuple(sorted(teachers)), tuple(sorted(prompts))
