"""`timbre tune`: fine-tune on a version through an OpenAI-compatible API."""

from pathlib import Path
from typing import Annotated

import typer

from timbre.commands.options import Version
from timbre.console import echo
from timbre.settings import read_settings, service_key
from timbre.stores import open_store


def tune(
    version: Version,
    model: Annotated[
        str, typer.Option(help="Name of the model that the service should fine-tune.")
    ],
    url: Annotated[
        str, typer.Option(help="Base URL of the service.")
    ] = "https://api.openai.com/v1",
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the state of the fine-tuning job (default: a folder in TIMBRE_HOME)."
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(min=0, help="Number of training epochs (0 lets the service choose).")
    ] = 0,
    every: Annotated[float, typer.Option(min=0.1, help="Polling interval in seconds.")] = 10.0,
) -> None:
    """Fine-tune a model on a version through a service's API, and wait for the result.

    The service charges the owner of the API key: TIMBRE_TEACHER_KEY, or OPENAI_API_KEY for OpenAI.
    If the command is interrupted, run it again to follow the same job.

    Example: timbre tune demo-tone --model gpt-4.1-nano-2025-04-14
    """
    from db.versions.contents import find_version

    settings = read_settings()
    key = service_key(url)
    with open_store(settings) as store:
        record = find_version(store, version)
        from db.exports.export import ExportFormat, export
        from trainer.services.finetune_api import FineTuneService, fine_tune

        home = folder or settings.home / "hosted" / record.id[:12]
        data = export(store, record, home / "data", ExportFormat.OPENAI)
    service = FineTuneService(model, key, url, epochs=epochs, every=every)
    result = fine_tune(data, home / "job", service, echo)
    echo(f"Fine-tuned model {result.model}, trained on {result.trained_tokens} tokens.")
