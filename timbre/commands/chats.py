"""`timbre chats`: import existing chats."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import echo, format_counts, print_json, progress
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Import existing chats.")


@app.callback()
def _chats() -> None:
    """Import existing chats into a campaign."""


@app.command()
def add(
    campaign: Campaign,
    file: Annotated[
        Path,
        typer.Argument(
            help="File with chats in OpenAI, ShareGPT, Alpaca or question-and-answer format. The "
            "file can contain JSON Lines, a JSON list or CSV, and it can be gzipped."
        ),
    ],
    licence: Annotated[
        str, typer.Option(help="Licence or consent that allows you to use the chats.")
    ],
    as_json: AsJson = False,
) -> None:
    """Import existing chats into a campaign as candidates for review and training.

    Example: timbre chats add demo-tone support.jsonl --licence "our own, with consent"
    """
    from timbre.campaign import load_campaign

    loaded = load_campaign(campaign)
    from timbre.workflows.generate.chats import add_chats

    with open_store() as store, progress("chats") as advance:
        counts = add_chats(store, loaded, file, licence, advance)
    stored = counts.stored
    if as_json:
        outcomes, changes = dict(stored.by_outcome), dict(counts.changes)
        made = {"made": outcomes, "new": stored.new, "changes": changes}
        print_json({"campaign": loaded.name, **made})
        return
    echo(f"{loaded.name}: {stored}; {stored.new} new.")
    if counts.changes:
        echo(f"Changed: {format_counts(counts.changes)}.")
