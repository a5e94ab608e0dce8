"""The recipe: examples in, a LoRA adapter out, read from top to bottom.

On one CPU the same examples, settings and seed give the same adapter bit for bit, also when the
run was broken and resumed. Under `accelerate launch` every process runs this and takes its share
of each batch; the first one writes. The adapter's folder says what it was trained from
(`timbre.json`).
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PrinterCallback, set_seed

from db.records import Example, Split
from trainer import checkpoints
from trainer.adapter import AdapterMetadata, save_adapter
from trainer.arguments import adapter_on, arguments
from trainer.chat import Chat, Tokens
from trainer.config import TrainingConfig
from trainer.devices import gathered_weights, is_main_process, leader_first, processes, wait_for_all
from trainer.encoding import Limit, encode
from trainer.errors import TrainerError
from trainer.failures import readable_errors
from trainer.libraries import quiet_libraries
from trainer.models import context_length, load_model, load_tokenizer, resolve
from trainer.packing import attend_apart
from trainer.precision import choose_precision
from trainer.progress import Progress, Report, losses_of, metrics_of
from trainer.results import (
    TrainingResult,
    code_fingerprint,
    device_name,
    library_versions,
    peak_memory_mb,
)
from trainer.seed import seed_everything
from trainer.self_test import SelfTest
from trainer.sft_trainer import TimbreSFTTrainer


def train(
    examples: Sequence[Example],
    config: TrainingConfig,
    folder: Path,
    progress: Progress | None = None,
    resume: bool = False,
) -> TrainingResult:
    """Train a LoRA adapter on the training side of a version; `folder` keeps the run.

    The validation side, where there is one, is measured at the end; the test side is not looked
    at. With `resume`, a broken run goes on and a finished one is returned as it is.

    Raises `TrainerError` if the examples, the model or the machine cannot do it.
    """
    with (
        quiet_libraries(),
        readable_errors(),
        seed_everything(config.seed),
        checkpoints.held(folder),
    ):
        started = time.monotonic()
        precision = choose_precision(config.precision)
        base = resolve(config.base, config.revision)
        chat = Chat.of(load_tokenizer(base))
        facts = AdapterMetadata.of(config, precision.name, chat)
        plan = checkpoints.plan([example.id for example in examples], facts)
        with leader_first():
            checkpoint = checkpoints.prepare(folder, plan, resume or not is_main_process())
        started -= checkpoints.seconds_before(checkpoint)
        if resume and (finished := checkpoints.finished(folder)):
            return finished

        model = load_model(base, precision)
        trainer, adapted = make_trainer(model, chat, examples, config, folder)
        if progress:
            trainer.add_callback(Report(progress))
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        metrics = metrics_of(trainer)

        result = TrainingResult(
            adapter=folder / checkpoints.ADAPTER,
            metrics=metrics,
            losses=losses_of(trainer),
            precision=precision.name,
            precision_reason=precision.reason,
            device=device_name(precision.device, processes()),
            libraries=library_versions(),
            peak_memory_mb=peak_memory_mb(precision.device),
            tokens_per_second=metrics["tokens"] / metrics["training_seconds"],
            base_fingerprint=facts.base_fingerprint,
            template_fingerprint=chat.fingerprint,
            seconds=time.monotonic() - started,
            code_fingerprint=code_fingerprint(),
        )
        weights = gathered_weights(trainer)
        if is_main_process():
            save_adapter(adapted, weights, facts, checkpoints.unfinished(folder))
            checkpoints.finish(folder, result)
        wait_for_all()
        return result


def make_trainer(
    model: PreTrainedModel,
    chat: Chat,
    examples: Sequence[Example],
    config: TrainingConfig,
    folder: Path,
) -> tuple[TimbreSFTTrainer, PeftModel]:
    """TRL's trainer, set to test its first batch before it steps, and the adapter it trains."""
    limit = Limit(
        min(config.max_length or sys.maxsize, context_length(model)),
        config.truncate,
    )
    taught = encode([e for e in examples if e.split is Split.TRAIN], chat, limit)
    held = encode([e for e in examples if e.split is Split.VALIDATION], chat, limit)
    if not taught:
        raise TrainerError(
            f"found no training examples among {len(examples)}, expected some; "
            "freeze a version whose training side is not empty"
        )
    if config.packing:
        attend_apart(model)
    set_seed(config.seed)  # the adapter begins at random, whatever came before
    adapted = adapter_on(model, config)
    trainer = TimbreSFTTrainer(
        model=adapted,
        args=arguments(config, model, len(taught), folder),
        train_dataset=_dataset([tokens for _, tokens in taught]),
        eval_dataset=_dataset([tokens for _, tokens in held]) if held else None,
        processing_class=chat.tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.self_test = SelfTest(chat, {tuple(tokens.ids): e for e, tokens in taught}, limit.tokens)
    for parameter in adapted.parameters():
        if parameter.requires_grad:  # TRL holds the adapter of a quantised base in bfloat16
            parameter.data = parameter.data.float()
    return trainer, adapted


def _dataset(taught: Sequence[Tokens]) -> Dataset:
    return Dataset.from_list([{"input_ids": row.ids, "labels": row.labels} for row in taught])
