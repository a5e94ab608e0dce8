"""Serve a run's adapter, and its base model beside it, over OpenAI's API on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.records import Run
from db.runs import check_finished
from db.store import Store
from timbre.console import ProgressCallback
from timbre.settings import Settings
from timbre.workflows.answer import BASE, TUNED, base_arm
from timbre.workflows.export import ExportOptions, ExportTarget, export_run
from trainer.export.export_plan import GgufType
from trainer.export.formats import GGUF, PARITY
from trainer.export.gguf_file import write_gguf
from trainer.models.lookup import resolve
from trainer.services.llama_server import ServedModel, serve_model


@dataclass(frozen=True)
class ServeOptions:
    """The first port, the GGUF files' number format, and whether to serve the base model too."""

    port: int = 8000
    weights: GgufType = GgufType.Q8_0
    with_base: bool = True
    context: int = 4096


def prepare_models(
    store: Store,
    run: Run,
    options: ServeOptions,
    settings: Settings,
    on_progress: ProgressCallback,
) -> list[ServedModel]:
    """The run's tuned model and its base as GGUF files; existing files are used again.

    The tuned model is an export, so it answers held-out prompts like the adapter.

    Raises `StoreError` if the run hasn't finished, `TrainerError` if it can't be exported.
    """
    check_finished(store, run)
    exports = settings.run_folder(run.id) / "exports"
    tuned = exports / f"served-{options.weights.value}"
    if not (tuned / PARITY).is_file():
        export = ExportOptions(ExportTarget.GGUF, tuned, weights=options.weights)
        list(export_run(store, run, export, settings, on_progress))
    models = [ServedModel(TUNED, tuned / GGUF, options.port, options.context)]
    if options.with_base:
        path = exports / f"base-{options.weights.value}.gguf"
        if not path.is_file():
            _write_base(run, path, options.weights)
        models.append(ServedModel(BASE, path, options.port + 1, options.context))
    return models


def _write_base(run: Run, path: Path, weights: GgufType) -> None:
    arm, partial = base_arm(run), path.with_suffix(".partial")
    write_gguf(resolve(arm.base, arm.revision), partial, weights)
    partial.rename(path)


@contextmanager
def serve_models(models: Sequence[ServedModel]) -> Iterator[list[tuple[str, str]]]:
    """Serve models until the block ends; yields each one's name and URL.

    Raises `TrainerError` if llama.cpp isn't installed, can't load a file, or a port is in use.
    """
    with ExitStack() as stack:
        yield [(model.name, stack.enter_context(serve_model(model))) for model in models]
