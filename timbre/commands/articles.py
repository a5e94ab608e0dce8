"""`timbre articles`: texts taken in, and what was refused."""

from collections import Counter
from typing import Annotated

import typer

from timbre.console import counted, facts, progress, say, table
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Take articles in and list them.")


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(
            help="`sample`; a dump (.xml, .xml.bz2); a .parquet or .jsonl file; a folder of .md "
            "and .txt documents; hf:wikimedia/wikipedia:20231101.en; wiki:en:TITLE."
        ),
    ],
    licence: Annotated[
        str, typer.Option(help="The licence of texts that are not Wikipedia's.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most this many articles, 0 for all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Read a source: its articles, their passages, and what was refused and why.

    Example: timbre articles add sample
    """
    from timbre.articles import add_articles

    with open_store() as store, progress("articles") as advance:
        intake = add_articles(store, source, advance, licence, limit)
    if as_json:
        facts(
            {
                "articles": intake.articles,
                "passages": intake.passages,
                "new": intake.new,
                "refused": dict(intake.refused),
                "after": intake.after,
            }
        )
        return
    if intake.after:
        say(f"Went on after byte {intake.after:,}, where reading had been broken off.")
    say(f"Read {intake.articles} articles with {intake.passages} passages ({intake.new} new).")
    say(f"Refused: {counted(intake.refused)}.")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the articles as JSON.")] = False,
) -> None:
    """List the articles with their passages counted, and the refusals by reason.

    Example: timbre articles list --json
    """
    from db.records import Article, Passage, Rejection

    with open_store() as store:
        passages = Counter(passage.article for passage in store.stream(Passage))
        refused = Counter(r.reason for r in store.stream(Rejection, stage=("articles", "passages")))
        rows = [
            (a.id[:12], a.title, a.revision, passages[a.id], a.source, a.url)
            for a in store.stream(Article)
        ]
    columns = ("id", "title", "revision", "passages", "source", "url")
    if as_json:
        articles = [dict(zip(columns, row, strict=True)) for row in rows]
        facts({"articles": articles, "refused": dict(refused)})
        return
    table(columns, rows)
    say(f"{len(rows)} articles, {passages.total()} passages; refused: {counted(refused)}.")
