"""Add a new LoRA adapter to a base model with PEFT, or load an existing one."""

from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel, set_seed

from trainer.config import TrainingConfig
from trainer.errors import TrainerError


def add_adapter(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """Add a new adapter to a base model, and initialise it with the configured seed.

    Raises `TrainerError` if the base model has none of the layers that the configuration names.
    """
    targets = config.lora_targets
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        use_rslora=config.rslora,
        use_dora=config.dora,
    )
    set_seed(config.seed)
    try:
        return get_peft_model(model, lora)
    except ValueError as error:
        raise TrainerError(
            f"lora_targets is {targets!r}, but the base model has no matching layers that "
            'LoRA can adapt. Set it to "all-linear" or to the names of layers in the model.'
        ) from error


def load_adapter(model: PreTrainedModel, adapter: Path) -> PreTrainedModel:
    """Load an adapter onto a base model, and merge them if the base model's weights are float32."""
    adapted: Any = PeftModel.from_pretrained(model, str(adapter))
    is_float32 = all(
        p.dtype.is_floating_point and p.dtype.itemsize == 4 for p in model.parameters()
    )
    loaded: PreTrainedModel = adapted.merge_and_unload() if is_float32 else adapted
    return loaded
