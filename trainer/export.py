"""An adapter as a whole model that other programs serve, kept only if it says the same."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from db.records import Example, canonical
from trainer.adapter import METADATA, read_facts
from trainer.answer import Answerer, Arm, Decoding
from trainer.chat import Chat
from trainer.errors import TrainerError
from trainer.failures import readable_errors
from trainer.gguf_file import GgufType, write_gguf
from trainer.libraries import quiet_libraries
from trainer.llama_cpp import convert
from trainer.lock import lock_folder
from trainer.models import load_model, load_tokenizer, resolve
from trainer.ollama import modelfile
from trainer.parity import Bounds, Parity, parity
from trainer.precision import choose_precision

PARITY = "parity.json"
GGUF = "model.gguf"


class MergeInto(StrEnum):
    """What an adapter is added to: the base as it is published, or as it was while training.

    They differ for a quantised base. The adapter learnt to correct the rounded weights, so adding
    it to those is what was trained; adding it to the published ones is what most people serve.
    """

    PUBLISHED = "published"
    TRAINED_ON = "trained-on"


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What to export and how: `dtype` is the number format of the weights written.

    `converter` is llama.cpp's own script, which writes a GGUF file in our place.
    """

    adapter: Path
    base: str
    revision: str = ""
    into: MergeInto = MergeInto.TRAINED_ON
    dtype: str = "float16"
    bounds: Bounds = field(default_factory=Bounds)
    new_tokens: int = 48
    converter: Path | None = None


def export_merged(plan: ExportPlan, folder: Path, examples: Sequence[Example]) -> Parity:
    """Write base and adapter as one model in `folder`, compared on held-out examples first.

    Raises `TrainerError` if the model says otherwise than the adapter does; nothing is left
    then.
    """
    with _whole(plan, folder, examples) as partial:
        with quiet_libraries(), readable_errors():
            _merge(plan, partial)
            found = _compare(plan, partial, examples)
        require_parity(found)
        (partial / PARITY).write_text(canonical(asdict(found)))
    return found


def export_gguf(
    plan: ExportPlan, kind: GgufType, folder: Path, examples: Sequence[Example]
) -> Parity:
    """Write base and adapter as `model.gguf` with an Ollama `Modelfile` beside it, compared first.

    The comparison reads the file back with transformers: what is compared is what was written.

    Raises `TrainerError` if the family cannot be written as GGUF, if the template cannot be
    said in Ollama's words, or if the model says otherwise than the adapter does.
    """
    with (
        _whole(plan, folder, examples) as partial,
        tempfile.TemporaryDirectory(dir=partial) as place,
    ):
        merged = Path(place) / "merged"
        with quiet_libraries(), readable_errors():
            _merge(replace(plan, dtype="float32"), merged)
            if plan.converter:
                convert(plan.converter, merged, partial / GGUF, kind)
            else:
                write_gguf(merged, partial / GGUF, kind)
            chat = Chat.of(load_tokenizer(merged))
            (partial / "Modelfile").write_text(modelfile(chat, GGUF))
            written = AutoModelForCausalLM.from_pretrained(
                partial,
                config=AutoConfig.from_pretrained(merged, local_files_only=True),
                gguf_file=GGUF,
                dtype=torch.float32,
                local_files_only=True,
            )
            found = _compare(plan, merged, examples, written)
        require_parity(found)
        (partial / PARITY).write_text(canonical(asdict(found)))
    return found


@contextmanager
def _whole(plan: ExportPlan, folder: Path, examples: Sequence[Example]) -> Iterator[Path]:
    """A folder to write in that takes its name once all of it is there, the adapter's card too.

    It lies hidden beside that name; what an export that was killed left there is cleared away.

    Raises `TrainerError` if that name is of something else than an earlier export, or if another
    process exports there.
    """
    if folder.exists() and not (folder / PARITY).is_file():
        raise TrainerError(
            f"found something else than an export at {folder}, expected nothing or an earlier "
            "export; name another folder"
        )
    if not any(example.messages for example in examples):
        raise TrainerError("found no held-out chats to compare the export on, expected some")
    beside = folder.with_name(f".{folder.name}.timbre-partial")
    with lock_folder(beside):
        partial = beside / "whole"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            _credit(plan.adapter, partial)
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _credit(adapter: Path, folder: Path) -> None:
    """Put the adapter's card, which names the articles used, beside what is exported."""
    card = adapter / "README.md"
    if card.is_file():
        shutil.copy(card, folder / "ADAPTER.md")


def require_parity(found: Parity) -> None:
    """Refuse an export that is too far from its adapter.

    Raises `TrainerError` with the measured distance and the first place where the
    answers part.
    """
    if not found.passed:
        raise TrainerError(
            f"found {found.same_answers} of {found.prompts} answers the same and a mean "
            f"|Δ log-probability| of {found.difference:.4f} between adapter and export, expected "
            f"at least {1 - found.bounds.parted:.0%} and at most {found.bounds.difference}; merge "
            f"into what it was trained on, or write more bits a weight.\n{found.parting}"
        )


def vllm_command(plan: ExportPlan) -> str:
    """The command that serves the adapter on its base with vLLM, unmerged."""
    base = resolve(plan.base, plan.revision)
    rank = 2 ** max(3, (_rank(plan.adapter) - 1).bit_length())
    return (
        f"vllm serve {quote(str(base))} --enable-lora --max-lora-rank {rank} "
        f"--lora-modules tuned={quote(str(plan.adapter.resolve()))}"
    )


def _rank(adapter: Path) -> int:
    return int(json.loads((adapter / "adapter_config.json").read_text())["r"])


def _merge(plan: ExportPlan, folder: Path) -> None:
    facts = read_facts(plan.adapter)
    trained_on = plan.into is MergeInto.TRAINED_ON
    precision = choose_precision(facts.precision if trained_on else "float32")
    source = resolve(plan.base, plan.revision)
    held: Any = load_model(source, precision)  # transformers types neither of the next two
    whole = (held.dequantize() if precision.quantised else held).float()
    merged: Any = PeftModel.from_pretrained(whole, str(plan.adapter)).merge_and_unload()
    merged.to(getattr(torch, plan.dtype)).save_pretrained(folder)
    load_tokenizer(source).save_pretrained(folder)
    shutil.copy(plan.adapter / METADATA, folder / METADATA)


def _compare(
    plan: ExportPlan,
    folder: Path,
    examples: Sequence[Example],
    model: PreTrainedModel | None = None,
) -> Parity:
    decoding = Decoding(max_new_tokens=plan.new_tokens)
    tuned = Arm("adapter", plan.base, revision=plan.revision, adapter=plan.adapter)
    return parity(
        Answerer(tuned, decoding),
        Answerer(Arm("exported", str(folder)), decoding, model),
        examples,
        plan.bounds,
    )
