"""`timbre articles`: read texts into the store."""

from collections import Counter
from typing import Annotated

import typer

from timbre.commands.options import AsJson
from timbre.console import count_noun, echo, format_counts, print_json, print_table, progress
from timbre.stores import open_store

_AUDITED = 50

app = typer.Typer(no_args_is_help=True, help="Add, list and audit articles.")


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(
            help="Article source: `sample`, a MediaWiki dump (.xml or .xml.bz2), a .parquet "
            "or .jsonl file, a document or folder of documents (.md, .txt, .pdf, .docx, .html, "
            ".epub), a Hub dataset "
            "(hf:wikimedia/wikipedia:20231101.en), or a Wikipedia page (wiki:en:TITLE)."
        ),
    ],
    licence: Annotated[
        str, typer.Option(help="Licence of the texts, if they don't come from Wikipedia.")
    ] = "",
    language: Annotated[
        str, typer.Option(help="ISO 639-1 code of the documents' language.")
    ] = "en",
    limit: Annotated[
        int, typer.Option(min=0, help="Maximum number of articles to read (0 means no limit).")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Read articles from a source, split them into passages, and count the rejections by reason.

    Example: timbre articles add sample
    """
    from pipelines.articles.source_page import SourceTerms
    from timbre.workflows.ingest import add_articles

    with open_store() as store, progress("articles") as advance:
        intake = add_articles(store, source, advance, SourceTerms(licence, language), limit)
    if as_json:
        print_json(
            {
                "articles": intake.articles,
                "passages": intake.passages,
                "new": intake.new,
                "rejected": dict(intake.rejected),
                "resumed_at": intake.resumed_at,
            }
        )
        return
    if intake.resumed_at:
        echo(f"Resumed at byte {intake.resumed_at:,}, where the last run stopped.")
    echo(
        f"Read {count_noun(intake.articles, 'article')} with "
        f"{count_noun(intake.passages, 'passage')} ({count_noun(intake.new, 'new record')})."
    )
    echo(f"Rejected: {format_counts(intake.rejected)}.")


@app.command()
def audit(
    source: Annotated[
        str,
        typer.Argument(
            help="Article source: `sample`, a MediaWiki dump (.xml or .xml.bz2), or a Wikipedia "
            "page (wiki:en:TITLE)."
        ),
    ],
    limit: Annotated[
        int, typer.Option(min=0, help="Maximum number of articles to read (0 means no limit).")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Count how a source's templates are treated, and list the unknown ones with examples.

    A hole in prose rejects its passage. Add the most frequent templates to the wiki's table, as
    docs/guides/sources.md explains.

    Example: timbre articles audit sample
    """
    from dataclasses import asdict

    from pipelines.articles.sources import open_source
    from pipelines.wikipedia.audit import audit_templates
    from pipelines.wikipedia.templates.rendering import Treatment

    found = audit_templates(open_source(source), limit)
    holes = found.most_frequent(_AUDITED)
    if as_json:
        treatments = {treatment.value: found.calls[treatment] for treatment in Treatment}
        summary = {"articles": found.pages, **treatments, "in_prose": found.in_prose}
        print_json({**summary, "holes": [asdict(hole) for hole in holes]})
        return
    calls = ", ".join(f"{found.calls[treatment]:,} {treatment}" for treatment in Treatment)
    echo(f"{found.pages:,} articles with {found.calls.total():,} template calls: {calls}.")
    echo(f"{found.in_prose:,} holes are in prose, where they reject a passage.")
    rows = [(hole.name, hole.in_prose, hole.calls, hole.example) for hole in holes]
    print_table(("template", "in prose", "calls", "example"), rows)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the articles with the number of passages in each, and count the rejections by reason.

    Example: timbre articles list --json
    """
    from db.records import Article, Passage, Rejection

    with open_store() as store:
        passages = Counter(passage.article for passage in store.stream(Passage))
        stages = ("articles", "passages")
        rejected = Counter(r.reason for r in store.stream(Rejection, stage=stages))
        rows = [
            (a.id[:12], a.title, a.revision, passages[a.id], a.source, a.url)
            for a in store.stream(Article)
        ]
    columns = ("id", "title", "revision", "passages", "source", "url")
    if as_json:
        articles = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"articles": articles, "rejected": dict(rejected)})
        return
    print_table(columns, rows)
    echo(f"{len(rows)} articles, {passages.total()} passages; rejected: {format_counts(rejected)}.")
