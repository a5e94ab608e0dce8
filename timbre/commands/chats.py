"""`timbre chats`: conversations that there are already."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.console import counted, facts, progress, say
from timbre.settings import config_file
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Take in chats that there are already.")


@app.callback()
def _chats() -> None:
    """Take in chats that there are already."""


@app.command()
def add(
    campaign: Annotated[str, typer.Argument(help="A campaign file, or the name of a shipped one.")],
    file: Annotated[
        Path, typer.Argument(help='JSON Lines: {"messages": [{"role": …, "content": …}, …]}.')
    ],
    licence: Annotated[str, typer.Option(help="Under which licence or consent they are used.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Make chats candidates of a campaign as they are, to be judged and trained on.

    Example: timbre chats add demo-tone support.jsonl --licence "our own, with consent"
    """
    from timbre.campaign import load_campaign
    from timbre.generation import add_chats

    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store() as store, progress("chats") as advance:
        counts = add_chats(store, loaded, file, licence, advance)
    new = counts.pop("new")
    if as_json:
        facts({"campaign": loaded.name, "made": dict(counts), "new": new})
        return
    say(f"{loaded.name}: {counted(counts)}; {new} new.")
