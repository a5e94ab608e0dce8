"""`timbre serve`: serve a run's adapter and its base model."""

from typing import Annotated, Literal

import typer

from timbre.commands.options import Run
from timbre.console import echo, progress
from timbre.settings import read_settings
from timbre.stores import open_store


def serve(
    run: Run,
    port: Annotated[
        int,
        typer.Option(
            min=1, max=65534, help="Port for the tuned model. The base model uses the next port."
        ),
    ] = 8000,
    weights: Annotated[
        Literal["f16", "q8_0", "q4_K_M"],
        typer.Option(help="Number format of the weights in the GGUF files."),
    ] = "q8_0",
    base: Annotated[
        bool, typer.Option("--base/--no-base", help="Also serve the base model.")
    ] = True,
    context: Annotated[
        int,
        typer.Option(min=128, help="Maximum total number of tokens in a prompt and its answer."),
    ] = 4096,
) -> None:
    """Serve the tuned model and its base over OpenAI's API, for programs on this machine.

    llama.cpp (`pip install xllamacpp`) serves the models from GGUF files. The first call exports
    these files, and fails if the tuned model's answers differ too much from the adapter's. Ctrl-C
    stops the servers.

    Example: timbre serve 3f4cb14a3f95 --port 8000
    """
    import signal
    import threading

    from db.records import Run as RunRecord

    settings, stopped = read_settings(), threading.Event()
    with open_store(settings) as store, progress("export") as advance:
        record = store.find(RunRecord, run)
        from timbre.workflows.export import ServeOptions, prepare_models, serve_models
        from trainer.export.export_plan import GgufType

        options = ServeOptions(port, GgufType(weights), base, context)
        models = prepare_models(store, record, options, settings, advance)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with serve_models(models) as served:
        for name, url in served:
            echo(f"{name:<6} {url} (model “{name}”)")
        echo("Ctrl-C stops the servers.")
        stopped.wait()
