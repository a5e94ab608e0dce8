"""`timbre train`: a LoRA adapter on a version."""

from contextlib import suppress
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

    With --anew it begins again, interrupted or finished. On several devices, start it with
    `accelerate launch` (configs/accelerate); batch_size is then shared among them.

    Example: timbre train demo-tone --config mini
    """
    from timbre.runs import run_status, withdrawal
    from timbre.training import Wanted, train_version
    from timbre.versions import found_version
    from trainer.config import load_config
    from trainer.devices import leads
    from trainer.errors import TrainerError
    from trainer.precision import choose_precision

    settings = read_settings()
    settled = load_config(config_file("training", config))
    with suppress(TrainerError):  # the run says it, and is kept
        precision = choose_precision(settled.precision)
        if leads():
            say(f"Precision {precision.name}: {precision.reason}.")
    with open_store(settings) as store, progress("training", shown=leads()) as advance:
        found = found_version(store, version)
        run = train_version(store, Wanted(found, settled, resume), settings, advance)
        if not leads():
            return
        told = run_status(store, run).detail
        gone = withdrawal(store, run)
    rate = told["metrics"].get("learning_rate", settled.learning_rate)
    why = "" if settled.learning_rate else ", which suits a model of this size"
    say(f"{told['metrics']['steps']:.0f} steps, learning rate {rate:g}{why}.")
    say(f"Run {run.id[:12]} finished: loss {told['losses'][-1]:.3f}, {told['seconds']:.0f} s.")
    say(f"{told['tokens_per_second']:.0f} tokens/s, {told['peak_memory_mb']:.0f} MB at most.")
    if "cost" in told:
        say(f"Cost {told['cost']:.4f} dollars at {told['price_per_hour']:g} an hour.")
    if gone:
        say(gone)
