"""`timbre generate`: candidates of a campaign."""

from typing import Annotated

import typer

from timbre.console import counted, progress, say
from timbre.settings import config_file, read_settings
from timbre.stores import open_store


def generate(
    campaign: Annotated[str, typer.Argument(help="A campaign file, or the name of a shipped one.")],
    limit: Annotated[int, typer.Option(help="At most this many passages, 0 for all.")] = 0,
) -> None:
    """Make a campaign's candidates; what was made before is not made again.

    Example: timbre generate demo-tone --limit 20
    """
    from dataclasses import replace

    from timbre.campaign import load_campaign
    from timbre.generation import generate as make
    from timbre.generation import take_in_sources

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    if limit:
        loaded = replace(loaded, generate=replace(loaded.generate, limit=limit))
    with open_store(settings) as store:
        with progress("articles") as advance:
            take_in_sources(store, loaded, advance)
        with progress("candidates") as advance:
            counts = make(store, loaded, settings, advance)
    new = counts.pop("new")
    say(f"{loaded.name}: {counted(counts)}; {new} new.")
