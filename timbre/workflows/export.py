"""Export a run for other programs, and delete the export if it answers differently."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from db.records import Run
from db.runs import check_finished
from db.store import Store
from timbre.settings import Settings
from timbre.workflows.answer import held_out_prompts, tuned_arm
from trainer.export.export_plan import ExportPlan, GgufType, MergeInto
from trainer.export.formats import GGUF, export_gguf, export_merged, vllm_command
from trainer.export.llama_cpp import SCRIPT
from trainer.export.parity import PROMPTS, Parity
from trainer.training.checkpoints import ADAPTER


class ExportTarget(StrEnum):
    """The target program of an export."""

    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    VLLM = "vllm"


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export. Without `folder`, the export is written to the run's own folder."""

    target: ExportTarget
    folder: Path | None = None
    into: MergeInto = MergeInto.TRAINED_ON
    weights: GgufType = GgufType.Q8_0


def export_run(store: Store, run: Run, options: ExportOptions, settings: Settings) -> Iterator[str]:
    """Export a finished run, and yield lines that say what was written and how to serve it.

    Raises `StoreError` if the run hasn't finished. Raises `TrainerError`, and leaves no files, if
    the export answers the version's held-out prompts differently from the adapter.
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
    folder = options.folder or adapter.parent / "exports" / options.target.value
    if options.target is ExportTarget.MERGED:
        yield _describe(export_merged(plan, folder, prompts))
        yield f"Merged model: {folder}"
        return
    yield _describe(export_gguf(plan, options.weights, folder, prompts))
    yield f"GGUF: {folder / GGUF}"
    if options.target is ExportTarget.OLLAMA:
        name = f"timbre-{run.id[:12]}"
        yield f"ollama create {name} -f {quote(str(folder / 'Modelfile'))} && ollama run {name}"


def _describe(parity: Parity) -> str:
    return (
        f"It matches the adapter: {parity.same_answers} of {parity.prompts} answers are identical, "
        f"mean |Δ log-probability| {parity.difference:.4f} (limit {parity.bounds.difference})."
    )
