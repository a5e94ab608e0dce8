"""`timbre trace`: trace a record back to its sources."""

from typing import Annotated

import typer

from timbre.commands.options import AsJson, Full
from timbre.console import echo, print_json
from timbre.stores import open_store


def trace(
    record: Annotated[str, typer.Argument(help="Record id, or at least its first 6 digits.")],
    full: Full = False,
    as_json: AsJson = False,
) -> None:
    """Trace a record back to its article revision, prompts, teacher, reviews, version and run.

    Example: timbre trace 3f4cb14a3f95
    """
    from db.lineage import trace as trace_record

    with open_store() as store:
        lineage = trace_record(store, record)
    if as_json:
        print_json(lineage.as_json())
    else:
        echo(lineage.as_text(full))
