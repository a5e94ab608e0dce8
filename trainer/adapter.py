"""An adapter's folder: its weights, and beside them what it was trained from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models import fingerprint

METADATA = "timbre.json"
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class AdapterMetadata:
    """What an adapter was trained from; an answer from it needs the same base and template."""

    base: str
    revision: str
    base_fingerprint: str
    template_fingerprint: str
    precision: str
    config: str

    @classmethod
    def of(cls, config: TrainingConfig, precision: str, chat: Chat) -> "AdapterMetadata":
        """The facts of a training with a configuration."""
        return cls(
            base=config.base,
            revision=config.revision,
            base_fingerprint=fingerprint(config.base, config.revision),
            template_fingerprint=chat.fingerprint,
            precision=precision,
            config=config.canonical,
        )


def write_facts(adapter: Path, facts: AdapterMetadata) -> None:
    """Put the facts beside an adapter's weights."""
    (adapter / METADATA).write_text(json.dumps(asdict(facts), indent=1))


def save_adapter(
    adapted: PeftModel,
    weights: dict[str, torch.Tensor] | None,
    facts: AdapterMetadata,
    folder: Path,
) -> None:
    """Write an adapter with its facts; `weights` are all of the model's where it is split."""
    adapted.peft_config["default"].base_model_name_or_path = facts.base
    adapted.save_pretrained(str(folder), state_dict=weights, save_embedding_layers=False)
    write_facts(folder, facts)


def read_facts(adapter: Path) -> AdapterMetadata:
    """The facts of an adapter that Timbre trained.

    Raises `TrainerError` if the folder is not such an adapter, or its weights could run code.
    """
    if not (adapter / WEIGHTS).is_file():
        pickles = sorted(path.name for path in adapter.glob("*.bin"))
        found = f"{pickles[0]}, a pickle file that can run code when opened" if pickles else "none"
        raise TrainerError(f"expected the adapter's weights as {adapter / WEIGHTS}, found {found}")
    try:
        return AdapterMetadata(**json.loads((adapter / METADATA).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise TrainerError(
            f"cannot read {adapter / METADATA}, which says what the adapter was trained from "
            f"({type(error).__name__}); train it again"
        ) from error


def with_adapter(model: PreTrainedModel, chat: Chat, adapter: Path) -> PreTrainedModel:
    """A base model with an adapter on it, merged where merging loses nothing (float32).

    Raises `TrainerError` if the base model or the chat template is not the one it was trained
    with.
    """
    facts = read_facts(adapter)
    if chat.fingerprint != facts.template_fingerprint:
        raise TrainerError(
            f"found the chat template {chat.fingerprint[:12]}, expected "
            f"{facts.template_fingerprint[:12]}, with which {adapter} was trained; "
            "use the base model and the library versions of its run"
        )
    tuned: Any = PeftModel.from_pretrained(model, str(adapter))
    in_float32 = all(
        p.dtype.is_floating_point and p.dtype.itemsize == 4 for p in model.parameters()
    )
    whole: PreTrainedModel = tuned.merge_and_unload() if in_float32 else tuned
    return whole


def check_base(facts: AdapterMetadata, base: str, adapter: Path) -> None:
    """Refuse a base model that is not the one an adapter was trained on.

    Raises `TrainerError` naming both.
    """
    found = fingerprint(base, facts.revision if base == facts.base else "")
    if found != facts.base_fingerprint:
        raise TrainerError(
            f"found “{base}” ({found[:12]}), expected the base model “{facts.base}” "
            f"({facts.base_fingerprint[:12]}) that {adapter} was trained on"
        )
