"""`timbre tone check` and `timbre persona check`: what is wrong with a file, what it would make."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from db.records import Candidate, Rejection, messages_to_text
from timbre.console import complain, facts, say
from timbre.settings import config_file

tone_app = typer.Typer(no_args_is_help=True, help="Tones of voice.")
persona_app = typer.Typer(no_args_is_help=True, help="Personas.")

_File = Annotated[
    str,
    typer.Argument(help="A file, or the name of a shipped one (timbre tone check plain-language)."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")]


@tone_app.callback()
def _tone() -> None:
    """Check files that describe a tone of voice."""


@persona_app.callback()
def _persona() -> None:
    """Check files that describe a persona."""


@tone_app.command("check")
def check_tone(file: _File, as_json: _Json = False) -> None:
    """Say what is wrong with a tone file, and what it would make.

    Example: timbre tone check conversational
    """
    from pipelines.preview import tone_preview
    from pipelines.tone_file import check_tone as check
    from pipelines.tone_file import load_tone

    path = config_file("tones", file)
    wrong = check(path)
    _report(file, wrong, [] if wrong else tone_preview(load_tone(path)), as_json)


@persona_app.command("check")
def check_persona(file: _File, as_json: _Json = False) -> None:
    """Say what is wrong with a persona file, and what it would make.

    Example: timbre persona check c-3po
    """
    from pipelines.persona_file import check_persona as check
    from pipelines.persona_file import load_persona
    from pipelines.preview import persona_preview

    path = config_file("personas", file)
    wrong = check(path)
    _report(file, wrong, [] if wrong else persona_preview(load_persona(path)), as_json)


def _report(
    file: str, wrong: Sequence[str], shown: Sequence[Candidate | Rejection], as_json: bool
) -> None:
    """Print findings and texts; ends with status 1 where something is wrong."""
    if as_json:
        facts({"file": file, "wrong": list(wrong), "would_make": [_example(r) for r in shown]})
    for sentence in () if as_json else wrong:
        complain(f"{file}: {sentence}")
    if wrong:
        raise SystemExit(1)
    if not as_json:
        say(f"{file}: nothing wrong. The offline teacher would make of it, for example:")
        for record in shown:
            made = _example(record)
            say(f"\n[{made['kind']}] {made['text']}")


def _example(record: Candidate | Rejection) -> dict[str, Any]:
    if isinstance(record, Rejection):
        return {"kind": "refused", "text": f"{record.reason} ({record.detail}): {record.text}"}
    text = record.text or messages_to_text(record.messages)
    if record.question:
        text = f"{record.question}\n{record.messages[-1].content}"
    return {"kind": record.kind.value, "text": text}
