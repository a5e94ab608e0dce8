"""`timbre export`: write a run's adapter for other programs."""

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
        typer.Option(help="Format to export to; vllm only prints a command."),
    ],
    folder: Annotated[
        Path | None, typer.Option(help="Where to write it (default: the run's own folder).")
    ] = None,
    into: Annotated[
        Literal["trained-on", "published"],
        typer.Option(help="The base to merge into: as trained on (int8, nf4), or as published."),
    ] = "trained-on",
    weights: Annotated[
        Literal["f16", "q8_0", "q4_K_M"],
        typer.Option(help="Number format of a GGUF file; q4_K_M needs the package xllamacpp."),
    ] = "q8_0",
) -> None:
    """Merge base and adapter into one model, kept only if it answers like the adapter.

    The export is compared on held-out prompts: greedy answers and log-probabilities. If it differs
    too much, you see where answers first differ, nothing is kept, and the exit status is 1.

    Timbre writes GGUF files for the Llama and Qwen families. If TIMBRE_LLAMA_CPP names the folder
    of a llama.cpp, its converter writes them.

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
