"""`timbre trace`: from any record back to its sources and reasons."""

from typing import Annotated

import typer

from timbre.console import facts, say
from timbre.stores import open_store


def trace(
    record: Annotated[str, typer.Argument(help="A record's id, or its first 6 digits or more.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the chain as JSON.")] = False,
) -> None:
    """Walk a record back to its article revision, prompts, teacher, reviews, version and run.

    Example: timbre trace 3f4cb14a3f95
    """
    from db.lineage import trace as follow

    with open_store() as store:
        lineage = follow(store, record)
    if as_json:
        facts(lineage.as_json())
    else:
        say(lineage.as_text())
