"""Arguments and options shared by several commands."""

from typing import Annotated

import typer

Campaign = Annotated[
    str,
    typer.Argument(
        help="Path of a campaign file or folder, or the name of a campaign in configs/campaigns."
    ),
]
CampaignOption = Annotated[
    str, typer.Option("--campaign", help="Campaign whose system prompt and criteria are used.")
]
Run = Annotated[str, typer.Argument(help="Run id, or at least its first 6 digits.")]
Version = Annotated[
    str, typer.Argument(help="Version name, or at least the first 6 digits of the version id.")
]
Full = Annotated[bool, typer.Option("--full", help="Show the complete output.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
