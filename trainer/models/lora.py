"""LoRA adapters as PEFT models: add a new one, save it, load it again."""

from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel, set_seed

from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models.adapter import AdapterMetadata, read_metadata, write_metadata
from trainer.training.processes import gather_weights, is_main_process


def add_adapter(model: PreTrainedModel, config: TrainingConfig) -> PeftModel:
    """Add a new adapter to a base model, initialised from the configuration's seed.

    Raises `TrainerError` if the base has none of the layers to adapt.
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
            f"lora_targets is {targets!r}, but the base model has no such layer that can be "
            'adapted. Set it to "all-linear" or to names of the model\'s layers.'
        ) from error


def save_adapter(trainer: Any, metadata: AdapterMetadata, folder: Path) -> None:
    """Save the adapter that a trainer holds with its metadata; only the main process writes."""
    weights = gather_weights(trainer)
    if is_main_process():
        trainer.adapted.peft_config["default"].base_model_name_or_path = metadata.base
        trainer.adapted.save_pretrained(
            str(folder), state_dict=weights, save_embedding_layers=False
        )
        write_metadata(folder, metadata)


def load_adapter(model: PreTrainedModel, chat: Chat, adapter: Path) -> PreTrainedModel:
    """A base model with an adapter, merged if merging is lossless (float32 weights).

    Raises `TrainerError` if the chat template isn't the one the adapter was trained with.
    """
    trained_with = read_metadata(adapter).template_fingerprint
    if chat.fingerprint != trained_with:
        raise TrainerError(
            f"{adapter} was trained with the chat template {trained_with[:12]}, but the model "
            f"has {chat.fingerprint[:12]}. Use the base model and library versions of its run."
        )
    adapted: Any = PeftModel.from_pretrained(model, str(adapter))
    is_float32 = all(
        p.dtype.is_floating_point and p.dtype.itemsize == 4 for p in model.parameters()
    )
    loaded: PreTrainedModel = adapted.merge_and_unload() if is_float32 else adapted
    return loaded
