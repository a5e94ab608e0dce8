"""`timbre prompt`: show the prompts that a campaign sends to its teacher."""

from typing import Annotated

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import echo, print_json
from timbre.settings import read_settings
from timbre.stores import open_store

app = typer.Typer(no_args_is_help=True, help="Show the prompts that a teacher model receives.")


@app.callback()
def _prompt() -> None:
    """Show the prompts that a campaign sends to its teacher."""


@app.command()
def show(
    campaign: Campaign,
    name: Annotated[str, typer.Argument(help="Name of the prompt, with or without its version.")],
    as_json: AsJson = False,
) -> None:
    """Print a prompt as the teacher receives it for the campaign's first passage or chat.

    Files in the campaign's `prompts` folder replace the prompts of the same names.

    Example: timbre prompt show demo-tone tone_answer
    """
    from timbre.campaign import load_campaign

    settings, loaded = read_settings(), load_campaign(campaign)
    from timbre.workflows.generate.prompts import show_prompt
    from timbre.workflows.setup.material import read_material, usable_passages

    with open_store(settings) as store:
        passages = usable_passages(loaded, read_material(store, loaded))
        chat = show_prompt(store, settings, loaded, passages, name)
    if as_json:
        print_json(chat)
        return
    for message in chat:
        echo(f"[{message['role']}]\n{message['content']}\n")
