"""`timbre chats`: import existing chats."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import echo, print_json, progress
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Import existing chats.")


@app.callback()
def _chats() -> None:
    """Import existing chats into a campaign."""


@app.command()
def add(
    campaign: Campaign,
    file: Annotated[
        Path, typer.Argument(help='JSON Lines: {"messages": [{"role": …, "content": …}, …]}.')
    ],
    licence: Annotated[str, typer.Option(help="The licence or consent under which you use them.")],
    as_json: AsJson = False,
) -> None:
    """Import existing chats as candidates of a campaign, to be reviewed and trained on.

    Example: timbre chats add demo-tone support.jsonl --licence "our own, with consent"
    """
    from timbre.campaign import load_campaign

    loaded = load_campaign(campaign)
    from timbre.workflows.generate import add_chats

    with open_store() as store, progress("chats") as advance:
        counts = add_chats(store, loaded, file, licence, advance)
    if as_json:
        outcomes = dict(counts.by_outcome)
        print_json({"campaign": loaded.name, "made": outcomes, "new": counts.new})
        return
    echo(f"{loaded.name}: {counts}; {counts.new} new.")
