"""`timbre tune`: a version tuned on at a service with OpenAI's API."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.console import say
from timbre.settings import read_settings, service_key
from timbre.stores import open_store


def tune(
    version: Annotated[str, typer.Argument(help="A version's id (6 digits or more) or name.")],
    model: Annotated[str, typer.Option(help="The service's name of the model to tune.")],
    url: Annotated[str, typer.Option(help="The service.")] = "https://api.openai.com/v1",
    folder: Annotated[Path | None, typer.Option(help="Where the job is remembered.")] = None,
    epochs: Annotated[int, typer.Option(min=0, help="Passes; 0 leaves it to the service.")] = 0,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 10.0,
) -> None:
    """Start a fine-tuning job on a version at a service, once, and follow it to its model.

    The service is paid by whoever's key it is: TIMBRE_TEACHER_KEY, or OPENAI_API_KEY for OpenAI
    itself. Stopped and given again, the command follows the job it started before.

    Example: timbre tune demo-tone --model gpt-4.1-nano-2025-04-14
    """
    from db.export import ExportFormat, export
    from timbre.versions import found_version
    from trainer.hosted import Service
    from trainer.hosted import tune as start

    settings = read_settings()
    key = service_key(url)
    with open_store(settings) as store:
        found = found_version(store, version)
        home = folder or settings.home / "hosted" / found.id[:12]
        data = export(store, found, home / "data", ExportFormat.OPENAI)
    result = start(data, home / "job", Service(model, key, url, epochs=epochs, every=every), say)
    say(f"Tuned model {result.model}; {result.trained_tokens} tokens were trained on.")
