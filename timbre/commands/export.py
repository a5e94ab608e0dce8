"""`timbre export`: export a run's adapter for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from timbre.commands.options import Run
from timbre.console import echo, progress
from timbre.settings import read_settings
from timbre.stores import open_store


def export(
    run: Run,
    to: Annotated[
        Literal["merged", "gguf", "ollama", "vllm"],
        typer.Option(
            help="Export format. For `vllm`, Timbre writes no files and only prints a command."
        ),
    ],
    folder: Annotated[
        Path | None, typer.Option(help="Folder to write the export to (default: the run's folder).")
    ] = None,
    into: Annotated[
        Literal["trained-on", "published"],
        typer.Option(
            help="Base weights to merge the adapter into: `trained-on` means the weights as loaded "
            "for training (quantised if the run used int8 or nf4), and `published` means the "
            "weights as published."
        ),
    ] = "trained-on",
    weights: Annotated[
        Literal["f16", "q8_0", "q4_K_M"],
        typer.Option(
            help="Number format of the weights in a GGUF file. The format q4_K_M requires "
            "xllamacpp."
        ),
    ] = "q8_0",
) -> None:
    """Merge an adapter into its base model and check that the result answers like the adapter.

    The check compares greedy answers and log-probabilities on held-out prompts. If the merged model
    differs too much from the adapter, the command shows where the answers first differ, deletes the
    export and exits with status 1.

    Timbre writes GGUF files for the Llama and Qwen families itself. If you set TIMBRE_LLAMA_CPP to
    a llama.cpp folder, llama.cpp's converter writes the GGUF files.

    Example: timbre export 3f4cb14a3f95 --to ollama --weights q8_0
    """
    from db.records import Run as RunRecord

    settings = read_settings()
    with open_store(settings) as store, progress("export") as advance:
        record = store.find(RunRecord, run)
        from timbre.workflows.export import ExportOptions, ExportTarget, export_run
        from trainer.export.export_plan import GgufType, MergeInto

        options = ExportOptions(ExportTarget(to), folder, MergeInto(into), GgufType(weights))
        lines = list(export_run(store, record, options, settings, advance))
    for line in lines:
        echo(line)
