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
        int, typer.Option(min=1, max=65534, help="Port of the tuned model; the base has the next.")
    ] = 8000,
    weights: Annotated[
        Literal["f16", "q8_0", "q4_K_M"], typer.Option(help="Number format of the models.")
    ] = "q8_0",
    base: Annotated[
        bool, typer.Option("--base/--no-base", help="Serve the base model, too.")
    ] = True,
    context: Annotated[
        int, typer.Option(min=128, help="Maximum tokens of a prompt and its answer.")
    ] = 4096,
) -> None:
    """Serve the tuned model and its base over OpenAI's API, for programs on this machine.

    llama.cpp serves them (`pip install xllamacpp`), from GGUF files that are exported the first
    time. The tuned file is kept only if it answers like the adapter. Ctrl-C stops the servers.

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
