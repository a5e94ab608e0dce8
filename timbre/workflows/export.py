"""Export a run for other programs; an export that answers differently isn't kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from db.records import Run
from db.runs import check_finished
from db.store import Store
from timbre.console import ProgressCallback
from timbre.settings import Settings
from timbre.workflows.answer import held_out_prompts, tuned_arm
from trainer.export.export_plan import ExportPlan, ExportSteps, GgufType, MergeInto
from trainer.export.formats import GGUF, export_gguf, export_merged, vllm_command
from trainer.export.llama_cpp import SCRIPT
from trainer.export.parity import PROMPTS, Parity
from trainer.training.checkpoints import ADAPTER


class ExportTarget(StrEnum):
    """What a run can be exported to."""

    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    VLLM = "vllm"


@dataclass(frozen=True)
class ExportOptions:
    """What to export a run to; without `folder`, it goes to the run's own folder."""

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
    """Export a finished run; yields what was written and how to serve it, line by line.

    Raises `StoreError` if the run hasn't finished, `TrainerError` if the export answers the
    version's held-out prompts differently from the adapter; nothing is left then.
    """
    check_finished(store, run)
    arm = tuned_arm(run, settings)
    adapter = settings.run_folder(run.id) / ADAPTER
    converter = settings.llama_cpp / SCRIPT if settings.llama_cpp else None
    plan = ExportPlan(adapter, run.base, arm.revision, options.into, converter=converter)
    if options.target is ExportTarget.VLLM:
        yield vllm_command(plan)
        return
    prompts = held_out_prompts(store, run, PROMPTS)
    steps = ExportSteps(on_progress, total=5 if options.target is ExportTarget.MERGED else 6)
    folder = options.folder or adapter.parent / "exports" / options.target.value
    if options.target is ExportTarget.MERGED:
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
        f"It matches the adapter: {parity.same_answers} of {parity.prompts} answers are identical, "
        f"mean |Δ log-probability| {parity.difference:.4f} (limit {parity.bounds.difference})."
    )
