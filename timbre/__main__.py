"""The command line: `timbre NOUN VERB`, one module of `timbre.commands` a noun."""

import sys
import warnings

import typer

from timbre.commands import (
    advise,
    answer,
    articles,
    chats,
    clean,
    demo,
    doctor,
    evaluate,
    export,
    files,
    generate,
    report,
    review,
    run,
    study,
    trace,
    train,
    tune,
    version,
    worker,
)
from timbre.console import complain
from timbre.errors import spoken
from timbre.settings import trusted_code
from trainer.trust import trust

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Give a language model a tone of voice or a persona, and show what was gained.",
)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.add_typer(articles.app, name="articles")
app.add_typer(files.tone_app, name="tone")
app.add_typer(files.persona_app, name="persona")
app.command()(generate.generate)
app.add_typer(chats.app, name="chats")
app.add_typer(review.app, name="review")
app.add_typer(version.app, name="version")
app.command()(train.train)
app.command()(tune.tune)
for command in (worker.watch, worker.perform, worker.queue):
    run.app.command()(command)
app.add_typer(run.app, name="run")
app.command()(answer.answer)
app.command()(evaluate.evaluate)
app.command()(report.report)
app.add_typer(study.app, name="study")
app.command()(advise.advise)
app.command()(export.export)
app.command()(trace.trace)
app.command()(clean.clean)


def main() -> None:
    """Run the command line; Ctrl-C ends it with a word on how to go on."""
    # A library of the teachers declares its fields in a way that pydantic remarks on.
    warnings.filterwarnings("ignore", message="The 'default' attribute with value None")
    try:
        with spoken():
            trust(trusted_code())
            app()
    except SystemExit as ended:
        if ended.code == 130:
            complain("Stopped. What was done is kept: run the same command again to go on.")
        sys.exit(ended.code)


if __name__ == "__main__":
    main()
