"""A configuration in the words of TRL and PEFT."""

from importlib.util import find_spec
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from trl.trainer.sft_config import SFTConfig

from trainer import checkpoints
from trainer.config import TrainingConfig
from trainer.devices import share_of
from trainer.errors import TrainerError


def arguments(
    config: TrainingConfig, model: PreTrainedModel, examples: int, folder: Path
) -> SFTConfig:
    """How TRL's trainer is to train on so many examples.

    Raises `TrainerError` if the reporter asked for is not there, or if the batch cannot be shared
    among the processes.
    """
    on, batch = model.device.type, share_of(config.batch_size)
    return SFTConfig(
        output_dir=str(folder / checkpoints.CHECKPOINTS),
        max_steps=config.steps_for(examples),
        per_device_train_batch_size=batch,
        per_device_eval_batch_size=batch,
        gradient_accumulation_steps=config.gradient_accumulation,
        learning_rate=config.learning_rate_for(model.num_parameters()),
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_gradient_norm,
        # TRL turns both on by itself, which a CPU without bfloat16 units pays for sixty-fold
        bf16=model.dtype is torch.bfloat16,
        gradient_checkpointing=config.gradient_checkpointing,
        use_cpu=on == "cpu",
        dataloader_pin_memory=on == "cuda",
        dataset_kwargs={"skip_prepare_dataset": True},  # `encode` has done it
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
        trackio_static_space_id=False,  # what is logged stays on this machine
        seed=config.seed,
    )


def adapter_on(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """A base model with a new adapter on it.

    Raises `TrainerError` if the base has none of the layers to adapt.
    """
    targets = config.lora_targets
    wanted = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        use_rslora=config.rslora,
        use_dora=config.dora,
    )
    try:
        return get_peft_model(model, wanted)
    except ValueError as error:
        raise TrainerError(
            f"found lora_targets = {targets!r}, of which the base model has no layer that can be "
            'adapted, expected "all-linear" or names of its layers; set it to one of these'
        ) from error


def reporter(name: str) -> str:
    """The name of a reporter of TRL's that can be used here, or “none”.

    Raises `TrainerError` if there is no such reporter, or its package is not installed.
    """
    if name == "none":
        return name
    if name not in INTEGRATION_TO_CALLBACK:
        names = ", ".join(sorted(INTEGRATION_TO_CALLBACK))
        raise TrainerError(f"found report_to = “{name}”, expected none or one of {names}")
    package = {"azure_ml": "azureml"}.get(name, name)
    if find_spec(package) is None:
        raise TrainerError(
            f"found report_to = “{name}”, but no package {package} installed; install it beside "
            "Timbre, or set report_to to none"
        )
    return name
