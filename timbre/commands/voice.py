"""Code that `timbre tone check` and `timbre persona check` share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timbre.console import echo, echo_error, print_json

if TYPE_CHECKING:
    from db.records import Candidate, Rejection

VoiceFile = Annotated[
    str,
    typer.Argument(
        help="Path of a tone or persona file, or the name of a tone or persona in configs/."
    ),
]


def voice_app(help: str) -> typer.Typer:
    """Create a command group, which typer keeps as a group even if it contains only one command."""
    app = typer.Typer(no_args_is_help=True, help=help)
    app.callback()(lambda: None)
    return app


@contextmanager
def print_preview(file: str, as_json: bool) -> Iterator["list[Candidate | Rejection]"]:
    """Print the texts that the `with` block collects, or the problems found in the file."""
    from evaluation.errors import EvaluationError
    from timbre.config import ConfigError

    records: list[Candidate | Rejection] = []
    problems: tuple[str, ...] = ()
    try:
        yield records
    except ConfigError as error:
        problems = error.problems
    except EvaluationError as error:
        problems = tuple(str(error).split("\n"))
    if as_json:
        texts = [_describe(record) for record in records]
        print_json({"file": file, "problems": list(problems), "would_make": texts})
    elif problems:
        for problem in problems:
            echo_error(f"{file}: {problem}")
    else:
        example = (
            "For example, the offline teacher would write:"
            if records
            else "The offline teacher can't write it, but `timbre check CAMPAIGN` shows samples by "
            "a campaign's own teacher."
        )
        echo(f"{file} is valid. {example}")
        for record in records:
            text = _describe(record)
            echo(f"\n[{text['kind']}] {text['text']}")
    if problems:
        raise SystemExit(1)


def _describe(record: "Candidate | Rejection") -> dict[str, Any]:
    from db.records import Rejection

    if isinstance(record, Rejection):
        return {"kind": "rejected", "text": f"{record.reason} ({record.detail}): {record.text}"}
    text = record.review_text
    if record.question:
        text = f"{record.question}\n{record.messages[-1].content}"
    return {"kind": record.kind.value, "text": text}
