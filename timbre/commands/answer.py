"""`timbre answer`: held-out prompts answered by every arm."""

from typing import Annotated

import typer

from timbre.console import progress, say
from timbre.settings import config_file, read_settings
from timbre.stores import open_store


def answer(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    campaign: Annotated[str, typer.Option(help="The campaign that says what to ask.")],
) -> None:
    """Let base, prompted and tuned model answer the version's held-out prompts.

    Example: timbre answer 3f4cb14a3f95 --campaign demo-tone
    """
    from timbre.answering import answer_run
    from timbre.campaign import load_campaign
    from timbre.runs import found_run

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store, progress("answers") as advance:
        new = answer_run(store, loaded, found_run(store, loaded.name, run), settings, advance)
    say(f"{new} new outputs.")
