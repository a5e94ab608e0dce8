"""Train a LoRA adapter on the examples of a version.

On a single CPU, the same examples, settings and seed produce the same adapter bit for bit, even if
the run was interrupted and resumed. Under `accelerate launch`, every process trains on its share of
each batch, and only the main process writes files. `timbre.json` in the adapter folder records what
the adapter was trained on.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from db.records import Example
from trainer.config import TrainingConfig
from trainer.libraries import library_session
from trainer.models.adapter import adapter_metadata
from trainer.models.loading import BaseModel, context_length, open_base, stop_tokens
from trainer.models.lora import add_adapter
from trainer.training import checkpoints, results
from trainer.training.encoding import check_stop_token, encode_splits
from trainer.training.sft_trainer import StepCallback, TimbreSFTTrainer


def train(
    examples: Sequence[Example],
    config: TrainingConfig,
    folder: Path,
    on_step: StepCallback | None = None,
    resume: bool = False,
) -> results.TrainingResult:
    """Train a LoRA adapter on the training split of a version, and store the run in `folder`.

    The validation split, if there is one, is used to measure the loss after training. The test
    split isn't used. If `resume` is true, an interrupted run continues, and the result of a
    finished run is returned without training.

    Raises `TrainerError` if training isn't possible with the examples, the model or the machine.
    """
    with library_session(config.seed), checkpoints.lock_run(folder):
        started = time.monotonic()
        base = open_base(config.base, config.revision, config.precision)
        metadata = adapter_metadata(config, base.precision.name, base.chat.fingerprint)
        plan = checkpoints.plan([example.id for example in examples], metadata)
        checkpoint = checkpoints.prepare(folder, plan, resume)
        started -= checkpoints.elapsed_seconds(checkpoint)
        if resume and (finished := checkpoints.load_result(folder)):
            return finished

        trainer = make_trainer(base, examples, config, folder)
        trainer.on_step = on_step
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        metrics = trainer.final_metrics()

        result = results.TrainingResult(
            adapter=folder / checkpoints.ADAPTER,
            metrics=metrics,
            losses=trainer.step_losses(),
            precision=base.precision.name,
            precision_reason=base.precision.reason,
            device=results.device_name(base.precision.device, trainer.args.world_size),
            libraries=results.library_versions(),
            peak_memory_mb=results.peak_memory_mb(base.precision.device),
            tokens_per_second=metrics["tokens"] / metrics["training_seconds"],
            base_fingerprint=metadata.base_fingerprint,
            template_fingerprint=metadata.template_fingerprint,
            seconds=time.monotonic() - started,
            code_fingerprint=results.code_fingerprint(),
            template_notes=base.chat.notes,
        )
        checkpoints.save_adapter(trainer, metadata, folder)
        checkpoints.finish(folder, result)
        return result


def make_trainer(
    base: BaseModel, examples: Sequence[Example], config: TrainingConfig, folder: Path
) -> TimbreSFTTrainer:
    """Load the base model, encode the examples and add a new adapter to train."""
    model = base.load()
    check_stop_token(examples, base.chat, stop_tokens(model, base.chat))
    data = encode_splits(examples, base.chat, config, context_length(model))
    return TimbreSFTTrainer(add_adapter(model, config), data, base.chat, config, folder)
