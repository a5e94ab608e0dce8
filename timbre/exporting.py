"""A run's adapter as what other programs serve, compared with the adapter before it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from db.records import Run, Version
from db.store import Store
from timbre.answering import held_out
from timbre.arms import tuned_arm
from timbre.runs import check_finished
from timbre.settings import Settings
from timbre.stores import kept
from trainer.export import (
    GGUF,
    ExportPlan,
    MergeInto,
    export_gguf,
    export_merged,
    vllm_command,
)
from trainer.gguf_file import GgufType
from trainer.llama_cpp import SCRIPT
from trainer.parity import PROMPTS, Parity


class Target(StrEnum):
    """What a run can be exported to."""

    MERGED = "merged"
    GGUF = "gguf"
    OLLAMA = "ollama"
    VLLM = "vllm"


@dataclass(frozen=True)
class Wanted:
    """What to export a run to: `folder` None is one of the run's own."""

    to: Target
    folder: Path | None = None
    into: MergeInto = MergeInto.TRAINED_ON
    weights: GgufType = GgufType.Q8_0


def export_run(store: Store, run: Run, wanted: Wanted, settings: Settings) -> Iterator[str]:
    """Export a finished run; yields what was made and how to serve it, line by line.

    Raises `SettingsError` if the run has not finished, `TrainerError` if the export says
    otherwise than the adapter on the version's held-out prompts; nothing is left then.
    """
    check_finished(store, run)
    arm = tuned_arm(run, settings)
    assert arm.adapter is not None  # noqa: S101 (a tuned arm has one)
    converter = settings.llama_cpp / SCRIPT if settings.llama_cpp else None
    plan = ExportPlan(arm.adapter, run.base, arm.revision, wanted.into, converter=converter)
    if wanted.to is Target.VLLM:
        yield vllm_command(plan)
        return
    examples = held_out(store, kept(store, Version, run.version), PROMPTS)
    folder = wanted.folder or arm.adapter.parent / "exports" / wanted.to.value
    if wanted.to is Target.MERGED:
        yield _compared(export_merged(plan, folder, examples))
        yield f"Merged model: {folder}"
        return
    yield _compared(export_gguf(plan, wanted.weights, folder, examples))
    yield f"GGUF: {folder / GGUF}"
    if wanted.to is Target.OLLAMA:
        name = f"timbre-{run.id[:12]}"
        yield f"ollama create {name} -f {quote(str(folder / 'Modelfile'))} && ollama run {name}"


def _compared(found: Parity) -> str:
    return (
        f"Says what the adapter says: {found.same_answers} of {found.prompts} answers the same, "
        f"mean |Δ log-probability| {found.difference:.4f} (at most {found.bounds.difference})."
    )
