"""Export an adapter as a complete model, and check that this model matches the adapter."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from db.records import Example, canonical
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.chat import Chat
from trainer.errors import TrainerError
from trainer.export.export_plan import ExportPlan, ExportSteps, GgufType, MergeInto
from trainer.export.gguf_file import write_gguf
from trainer.export.llama_cpp import convert
from trainer.export.ollama import modelfile
from trainer.export.parity import Parity, measure_parity
from trainer.libraries import library_session
from trainer.lock import lock_folder
from trainer.models.adapter import METADATA, read_metadata
from trainer.models.loading import load_model, load_tokenizer
from trainer.models.lookup import resolve
from trainer.models.precision import best_device, choose_precision

PARITY = "parity.json"
GGUF = "model.gguf"


def export_merged(
    plan: ExportPlan, folder: Path, examples: Sequence[Example], steps: ExportSteps | None = None
) -> Parity:
    """Merge the base model and the adapter into one model, and compare it with the adapter.

    The merged model is compared with the adapter on held-out examples. Raises `TrainerError` and
    deletes the export if the model differs too much from the adapter.
    """
    steps = steps or ExportSteps()
    with _complete_folder(plan, folder, examples) as partial:
        with library_session():
            steps.start("merging")
            _merge(plan, partial)
            adapter, exported = _answerers(plan, partial)
            parity = measure_parity(adapter, exported, examples, plan.bounds, steps)
        _save_parity(parity, partial)
    return parity


def export_gguf(
    plan: ExportPlan,
    gguf_type: GgufType,
    folder: Path,
    examples: Sequence[Example],
    steps: ExportSteps | None = None,
) -> Parity:
    """Write the merged model as `model.gguf` with an Ollama `Modelfile`, and check both of them.

    The GGUF file is loaded with transformers and compared with the adapter.

    Raises `TrainerError` if the model family isn't supported by GGUF, if Ollama can't express the
    chat template, or if the model differs too much from the adapter.
    """
    steps = steps or ExportSteps()
    with (
        _complete_folder(plan, folder, examples) as partial,
        tempfile.TemporaryDirectory(dir=partial) as temporary,
    ):
        merged = Path(temporary) / "merged"
        with library_session():
            steps.start("merging")
            _merge(replace(plan, dtype="float32"), merged)
            steps.start(f"writing {gguf_type.value}")
            if plan.converter:
                convert(plan.converter, merged, partial / GGUF, gguf_type)
            else:
                write_gguf(merged, partial / GGUF, gguf_type)
            chat = Chat.from_tokenizer(load_tokenizer(merged))
            (partial / "Modelfile").write_text(modelfile(chat, GGUF))
            exported = AutoModelForCausalLM.from_pretrained(
                partial,
                config=AutoConfig.from_pretrained(merged, local_files_only=True),
                gguf_file=GGUF,
                dtype=torch.float32,
                local_files_only=True,
            )
            models = _answerers(plan, merged, exported)
            parity = measure_parity(*models, examples, plan.bounds, steps)
        _save_parity(parity, partial)
    return parity


@contextmanager
def _complete_folder(plan: ExportPlan, folder: Path, examples: Sequence[Example]) -> Iterator[Path]:
    """Yield a hidden folder for an export, and rename it to `folder` when the export is complete.

    A copy of the adapter's model card is added to the export. Files left over from an interrupted
    export are deleted.

    Raises `TrainerError` if `folder` contains anything other than an export, or if another process
    is exporting to this folder.
    """
    if folder.exists() and not (folder / PARITY).is_file():
        raise TrainerError(
            f"{folder} already exists and isn't an earlier export, so it won't be overwritten. "
            "Choose another folder."
        )
    if not any(example.messages for example in examples):
        raise TrainerError(
            "The export can't be compared with its adapter because there are no held-out chats. "
            "Freeze a version with chats in its test split, and train on it."
        )
    hidden = folder.with_name(f".{folder.name}.timbre-partial")
    with lock_folder(hidden):
        partial = hidden / "whole"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            card = plan.adapter / "README.md"  # credits the source articles
            if card.is_file():
                shutil.copy(card, partial / "ADAPTER.md")
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def _save_parity(parity: Parity, folder: Path) -> None:
    """Save an export's difference from its adapter, or raise `TrainerError` if it is too large."""
    if not parity.is_within_bounds:
        message = (
            f"The export differs from its adapter: both find the same token most likely in "
            f"{parity.same_tokens:.1%} of places (at least {parity.bounds.same_tokens:.0%} "
            f"required), and the mean |Δ log-probability| is {parity.difference:.4f} (at most "
            f"{parity.bounds.difference} allowed). Merge the adapter into the weights it was "
            f"trained on, or use more bits per weight.\n{parity.parting}"
        )
        raise TrainerError(message.rstrip())
    (folder / PARITY).write_text(canonical(asdict(parity)))


def vllm_command(plan: ExportPlan) -> str:
    """Return the shell command that serves the unmerged adapter and its base model with vLLM."""
    base = resolve(plan.base, plan.revision)
    rank = int(json.loads((plan.adapter / "adapter_config.json").read_text())["r"])
    max_rank = 2 ** max(3, (rank - 1).bit_length())  # vLLM accepts powers of two from 8
    return (
        f"vllm serve {quote(str(base))} --enable-lora --max-lora-rank {max_rank} "
        f"--lora-modules tuned={quote(str(plan.adapter.resolve()))}"
    )


def _merge(plan: ExportPlan, folder: Path) -> None:
    metadata = read_metadata(plan.adapter)
    trained_in = choose_precision(metadata.precision)
    # Weights that weren't quantised are the published ones, except for bfloat16's rounding.
    is_trained_on = plan.into is MergeInto.TRAINED_ON and trained_in.is_quantised
    precision = trained_in if is_trained_on else choose_precision("float32")
    source = resolve(plan.base, plan.revision)
    base: Any = load_model(source, precision)  # the next two aren't typed in transformers
    weights = (base.dequantize() if precision.is_quantised else base).float()
    merged: Any = PeftModel.from_pretrained(weights, str(plan.adapter)).merge_and_unload()
    merged.to(getattr(torch, plan.dtype)).save_pretrained(folder)
    tokenizer = load_tokenizer(source)
    tokenizer.chat_template = Chat.from_tokenizer(tokenizer).template  # as in training
    tokenizer.save_pretrained(folder)
    shutil.copy(plan.adapter / METADATA, folder / METADATA)


def _answerers(
    plan: ExportPlan, folder: Path, model: PreTrainedModel | None = None
) -> tuple[Answerer, Answerer]:
    """Load the adapter and the export, which is read from `folder` unless passed as `model`."""
    trained_in = read_metadata(plan.adapter).precision
    is_rounding = trained_in == "bfloat16" and best_device() == "cpu"
    # A CPU has the memory for float32, and bfloat16 would round more than most exports do.
    ours = "float32" if is_rounding else trained_in
    theirs = "float32" if ours == "float32" else "auto"  # bfloat16 if it's fast
    decoding = Decoding(max_new_tokens=plan.new_tokens, precision=ours)
    tuned = Arm("adapter", plan.base, revision=plan.revision, adapter=plan.adapter)
    adapter = Answerer(tuned, decoding)
    decoding = replace(decoding, precision=theirs)
    return adapter, Answerer(Arm("export", str(folder)), decoding, model)
