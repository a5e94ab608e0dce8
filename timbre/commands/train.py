"""`timbre train`: train a LoRA adapter on a version."""

from contextlib import suppress
from typing import Annotated

import typer

from timbre.commands.options import Version
from timbre.console import echo, progress
from timbre.settings import read_settings
from timbre.stores import open_store


def train(
    version: Version,
    config: Annotated[
        str,
        typer.Option(help="Path of a training file, or the name of a file in configs/training."),
    ] = "mini",
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--anew", help="Continue an interrupted run, or start again from scratch."
        ),
    ] = True,
) -> None:
    """Train an adapter. An interrupted run continues, and a finished run isn't repeated.

    With --anew, training always starts from scratch. To train on several devices, start the command
    with `accelerate launch` (see configs/accelerate). Each batch is then divided among the devices.

    Example: timbre train demo-tone --config mini
    """
    from db.runs import run_status, withdrawal_notice
    from db.versions.contents import find_version
    from timbre.campaign import load_training

    settings, training = read_settings(), load_training(config).config
    with open_store(settings) as store:
        record = find_version(store, version)
        from timbre.workflows.train import TrainPlan, train_version
        from trainer.errors import TrainerError
        from trainer.models.precision import choose_precision
        from trainer.training.processes import is_main_process

        is_main = is_main_process()
        with suppress(TrainerError):  # the training run will report this error
            precision = choose_precision(training.precision)
            if is_main:
                echo(f"Precision {precision.name}: {precision.reason}.")
        with progress("training", is_shown=is_main) as advance:
            run = train_version(store, TrainPlan(record, training, resume), settings, advance)
        if not is_main:
            return
        details = run_status(store, run).detail
        withdrawal = withdrawal_notice(store, run)
    rate = details["metrics"].get("learning_rate", training.learning_rate)
    reason = "" if training.learning_rate else ", chosen for a model of this size"
    echo(f"{details['metrics']['steps']:.0f} steps, learning rate {rate:g}{reason}.")
    echo(
        f"Run {run.id[:12]} finished: loss {details['losses'][-1]:.3f}, "
        f"{details['seconds']:.0f} s, {details['tokens_per_second']:.0f} tokens/s, "
        f"peak memory {details['peak_memory_mb']:.0f} MB."
    )
    for note in details.get("template_notes", ()):
        echo(note)
    if "cost" in details:
        echo(f"Cost: ${details['cost']:.4f} at ${details['price_per_hour']:g} per hour.")
    if withdrawal:
        echo(withdrawal)
