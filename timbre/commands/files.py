"""`timbre tone check` and `timbre persona check`: what is wrong with a file, what it would make."""

from typing import Annotated

import typer

from timbre.console import say
from timbre.settings import config_file

tone_app = typer.Typer(no_args_is_help=True, help="Tones of voice.")
persona_app = typer.Typer(no_args_is_help=True, help="Personas.")

_File = Annotated[str, typer.Argument(help="A .toml file, or the name of a shipped one.")]


@tone_app.callback()
def _tone() -> None:
    """Check files that describe a tone of voice."""


@persona_app.callback()
def _persona() -> None:
    """Check files that describe a persona."""


@tone_app.command("check")
def check_tone(file: _File) -> None:
    """Say what is wrong with a tone file, and what it would make.

    Example: timbre tone check conversational
    """
    from pipelines.tone_file import check_tone as check

    _report(check(config_file("tones", file)))


@persona_app.command("check")
def check_persona(file: _File) -> None:
    """Say what is wrong with a persona file, and what it would make.

    Example: timbre persona check c-3po
    """
    from pipelines.persona_file import check_persona as check

    _report(check(config_file("personas", file)))


def _report(found: object) -> None:
    say(str(found))
