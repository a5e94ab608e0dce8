"""Arguments and options shared by several commands."""

from typing import Annotated

import typer

Campaign = Annotated[str, typer.Argument(help="A campaign file, or the name of a shipped one.")]
CampaignOption = Annotated[
    str, typer.Option("--campaign", help="The campaign whose prompts and criterion apply.")
]
Run = Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")]
Version = Annotated[str, typer.Argument(help="A version's name or id (6 digits or more).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
