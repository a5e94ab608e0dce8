"""Export a run's model for other programs, or serve it on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from db.records import Run
from db.runs import check_finished
from db.store import Store
from timbre.console import ProgressCallback
from timbre.settings import Settings
from timbre.workflows.answer import BASE, TUNED, base_arm, held_out_prompts, tuned_arm
from trainer.export.export_plan import (
    Bounds,
    ExportPlan,
    ExportSteps,
    GgufType,
    MergeInto,
    bounds_for,
)
from trainer.export.formats import GGUF, PARITY, export_gguf, export_merged, vllm_command
from trainer.export.gguf_file import write_gguf
from trainer.export.llama_cpp import SCRIPT
from trainer.export.parity import PROMPTS, Parity
from trainer.models.lookup import resolve
from trainer.services.llama_server import ServedModel, serve_model
from trainer.training.checkpoints import ADAPTER


class ExportTarget(StrEnum):
    """The program that an export is made for."""

    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    VLLM = "vllm"


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export. If `folder` is None, the export goes to the folder of the run."""

    target: ExportTarget
    folder: Path | None = None
    into: MergeInto = MergeInto.TRAINED_ON
    weights: GgufType = GgufType.Q8_0


def export_run(
    store: Store,
    run: Run,
    options: ExportOptions,
    settings: Settings,
    on_progress: ProgressCallback,
) -> Iterator[str]:
    """Export a finished run, and yield lines that say what was written and how to serve it.

    Raises `StoreError` if the run hasn't finished. Raises `TrainerError`, and leaves no files, if
    the export answers the version's held-out prompts differently from the adapter.
    """
    check_finished(store, run)
    arm = tuned_arm(run, settings)
    adapter = settings.run_folder(run.id) / ADAPTER
    converter = settings.llama_cpp / SCRIPT if settings.llama_cpp else None
    is_merged = options.target is ExportTarget.MERGED
    bounds = Bounds() if is_merged else bounds_for(options.weights)
    plan = ExportPlan(
        adapter, run.base, arm.revision, options.into, bounds=bounds, converter=converter
    )
    if options.target is ExportTarget.VLLM:
        yield vllm_command(plan)
        return
    prompts = held_out_prompts(store, run, PROMPTS)
    steps = ExportSteps(on_progress, total=5 if is_merged else 6)
    folder = options.folder or adapter.parent / "exports" / options.target.value
    if is_merged:
        yield _describe(export_merged(plan, folder, prompts, steps))
        yield f"Merged model: {folder}"
        return
    yield _describe(export_gguf(plan, options.weights, folder, prompts, steps))
    yield f"GGUF: {folder / GGUF}"
    if options.target is ExportTarget.OLLAMA:
        name = f"timbre-{run.id[:12]}"
        yield f"ollama create {name} -f {quote(str(folder / 'Modelfile'))} && ollama run {name}"


def _describe(parity: Parity) -> str:
    return (
        f"It matches the adapter: {parity.same_tokens:.1%} of the most likely tokens are the same "
        f"(limit {parity.bounds.same_tokens:.0%}), mean |Δ log-probability| "
        f"{parity.difference:.4f} (limit {parity.bounds.difference}). {parity.same_answers} of "
        f"{parity.prompts} greedy answers are identical."
    )


@dataclass(frozen=True)
class ServeOptions:
    """Options for serving a run, such as the first port and the number format of the GGUF files."""

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
    """Return a run's tuned model and its base model as GGUF files, exporting them if necessary.

    The tuned model's GGUF file isn't kept if it answers held-out prompts differently from the
    adapter.

    Raises `StoreError` if the run hasn't finished, and `TrainerError` if its model can't be
    exported.
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
    """Serve models until the `with` block ends, and yield the name and URL of each model.

    Raises `TrainerError` if llama.cpp isn't installed or can't load a file, or if a port is in use.
    """
    with ExitStack() as stack:
        yield [(model.name, stack.enter_context(serve_model(model))) for model in models]
