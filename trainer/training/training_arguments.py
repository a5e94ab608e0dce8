"""Convert a training configuration to TRL's arguments."""

from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import PreTrainedModel
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from trl.trainer.sft_config import SFTConfig

from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.training import checkpoints
from trainer.training.processes import process_state


def training_arguments(
    config: TrainingConfig, model: PreTrainedModel, examples: int, folder: Path
) -> SFTConfig:
    """Build TRL's arguments for training a model on `examples` examples.

    Raises `TrainerError` if the reporter isn't available, or if the processes can't share a batch
    evenly.
    """
    device, processes = model.device.type, int(process_state().num_processes)
    batch_size, rest = divmod(config.batch_size, processes)
    if rest:
        raise TrainerError(
            f"batch_size is {config.batch_size}, which {processes} processes can't share evenly. "
            f"Make it a multiple of {processes}, and adjust gradient_accumulation."
        )
    return SFTConfig(
        output_dir=str(folder / checkpoints.CHECKPOINTS),
        max_steps=config.steps_for(examples),
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate_for(model.num_parameters()),
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_gradient_norm,
        # TRL enables both by default, but bfloat16 is 60 times slower on CPUs without its units
        bf16=model.dtype is torch.bfloat16,
        gradient_checkpointing=config.gradient_checkpointing,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device == "cuda",
        dataset_kwargs={"skip_prepare_dataset": True},  # the examples are already encoded
        max_length=None,
        padding_free=config.packing,
        prediction_loss_only=True,
        ddp_find_unused_parameters=False,
        save_steps=config.save_every,
        save_total_limit=2,
        logging_steps=1,
        disable_tqdm=True,
        report_to=reporter(config.report_to),
        project="timbre",
        run_name=folder.name,
        trackio_static_space_id=False,  # keeps the logs on this machine
        seed=config.seed,
    )


def reporter(name: str) -> str:
    """Check that a TRL reporter exists and is installed, and return its name, which may be “none”.

    Raises `TrainerError` if the reporter doesn't exist or its package isn't installed.
    """
    if name == "none":
        return name
    if name not in INTEGRATION_TO_CALLBACK:
        names = ", ".join(sorted(INTEGRATION_TO_CALLBACK))
        raise TrainerError(
            f"“{name}” isn't a known reporter. Set report_to to none or one of {names}."
        )
    package = {"azure_ml": "azureml"}.get(name, name)
    if find_spec(package) is None:
        raise TrainerError(
            f"report_to is “{name}”, but the package {package} isn't installed. Install it, or set "
            "report_to to none."
        )
    return name
