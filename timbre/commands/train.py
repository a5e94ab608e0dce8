"""`timbre train`: a LoRA adapter on a version."""

from typing import Annotated

import typer

from timbre.console import progress, say
from timbre.settings import config_file, read_settings
from timbre.stores import open_store


def train(
    version: Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")],
    config: Annotated[str, typer.Option(help="A training file, or a shipped one's name.")] = "mini",
    resume: Annotated[
        bool, typer.Option("--resume/--anew", help="Go on where it was, or begin again.")
    ] = True,
) -> None:
    """Train an adapter; an interrupted run goes on, a finished one is not repeated.

    With --anew it begins again, interrupted or finished.

    Example: timbre train demo-tone --config mini
    """
    from timbre.runs import run_status
    from timbre.training import Wanted, train_version
    from timbre.versions import found_version
    from trainer.config import load_config

    settings = read_settings()
    with open_store(settings) as store, progress("training") as advance:
        found = found_version(store, version)
        settled = load_config(config_file("training", config))
        run = train_version(store, Wanted(found, settled, resume), settings, advance)
        told = run_status(store, run).detail
    say(f"Run {run.id[:12]} finished: loss {told['losses'][-1]:.3f}, {told['seconds']:.0f} s.")
    say(f"Precision {told['precision']}: {told['precision_reason']}.")
