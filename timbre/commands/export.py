"""`timbre export`: a run's adapter for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from timbre.console import progress, say
from timbre.settings import read_settings
from timbre.stores import found_as, open_store


class To(StrEnum):
    """What a run can be exported to."""

    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    VLLM = "vllm"


class Into(StrEnum):
    """What the adapter is added to."""

    TRAINED_ON = "trained-on"
    PUBLISHED = "published"


class Weights(StrEnum):
    """The number format of a GGUF file's matrices."""

    F16 = "f16"
    Q8_0 = "q8_0"


def export(
    run: Annotated[str, typer.Argument(help="A run's id, or its first 6 digits or more.")],
    to: Annotated[To, typer.Option(help="What to make: vllm prints a command and makes nothing.")],
    folder: Annotated[Path | None, typer.Option(help="Where; the run's own if left out.")] = None,
    into: Annotated[
        Into, typer.Option(help="Base of the merge: as trained on (int8, nf4), or as published.")
    ] = Into.TRAINED_ON,
    weights: Annotated[Weights, typer.Option(help="Number format of a GGUF file.")] = Weights.Q8_0,
) -> None:
    """Make one model of base and adapter, kept only if it says what the adapter says.

    It is compared on held-out prompts: greedy answers and likelihoods. If it differs too much,
    the first place where answers part is shown, nothing is kept, and the exit status is 1.

    Timbre writes GGUF files of the Llama and Qwen families. With TIMBRE_LLAMA_CPP set to the folder
    of a llama.cpp, its own converter writes them.

    Example: timbre export 3f4cb14a3f95 --to ollama --weights q8_0
    """
    from db.records import Run
    from timbre.exporting import Target, Wanted, export_run
    from trainer.export import MergeInto
    from trainer.gguf_file import GgufType

    settings = read_settings()
    wanted = Wanted(Target(to.value), folder, MergeInto(into.value), GgufType(weights.value))
    with open_store(settings) as store, progress("export and compare"):
        lines = list(export_run(store, found_as(store, Run, run), wanted, settings))
    for line in lines:
        say(line)
