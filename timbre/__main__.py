"""The command line: `timbre NOUN VERB`, with one module in `timbre.commands` per noun."""

import logging
import sys
import warnings
from importlib.metadata import version
from typing import Annotated

import typer

from timbre.commands import (
    advise,
    answer,
    articles,
    chats,
    check,
    clean,
    demo,
    doctor,
    evaluate,
    export,
    generate,
    init,
    persona,
    prompt,
    report,
    review,
    run,
    serve,
    status,
    study,
    tone,
    trace,
    train,
    tune,
)
from timbre.commands import version as versions
from timbre.commands.next_step import announce_next
from timbre.console import echo, echo_error
from timbre.errors import report_errors
from timbre.settings import allowed_remote_code, smollm2_file
from trainer.models.remote_code import trust_models
from trainer.models.smollm2 import Source, use_source

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        echo(f"timbre {version('timbre')}")
        raise typer.Exit


@app.callback()
def timbre(
    _: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Give a language model a tone of voice or a persona, and measure whether it worked."""


app.command()(init.init)
app.command()(check.check)
app.command()(status.status)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.add_typer(articles.app, name="articles")
app.add_typer(tone.app, name="tone")
app.add_typer(persona.app, name="persona")
app.add_typer(prompt.app, name="prompt")
app.command()(generate.generate)
app.add_typer(chats.app, name="chats")
app.add_typer(review.app, name="review")
app.add_typer(versions.app, name="version")
app.command()(train.train)
app.command()(tune.tune)
app.add_typer(run.app, name="run")
app.command()(answer.answer)
app.command()(evaluate.evaluate)
app.command()(report.report)
app.add_typer(study.app, name="study")
app.command()(advise.advise)
app.command()(export.export)
app.command()(serve.serve)
app.command()(trace.trace)
app.command()(clean.clean)


def main() -> None:
    """Run the command line. If Ctrl-C stops a command, print how to continue it."""
    # pydantic warns about how distilabel declares its fields.
    warnings.filterwarnings("ignore", message="The 'default' attribute with value None")
    # bitsandbytes suggests a faster CPU kernel on import.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        with report_errors():
            trust_models(allowed_remote_code())
            use_source(Source(smollm2_file(), notify=echo_error))
            command = typer.main.get_command(app)
            announce_next(command)
            command(prog_name="timbre")
    except SystemExit as end:
        if end.code == 130:
            echo_error("Stopped. Finished work is saved. Run the same command again to continue.")
        sys.exit(end.code)


if __name__ == "__main__":
    main()
