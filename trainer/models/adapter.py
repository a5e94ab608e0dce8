"""Adapter folders, which contain the adapter's weights and metadata about its training."""

import json
from dataclasses import dataclass
from pathlib import Path

from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models.lookup import fingerprint, pickle_warning

METADATA = "timbre.json"
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class AdapterMetadata:
    """The base model and chat template with which an adapter was trained and has to be used."""

    base: str
    revision: str
    base_fingerprint: str
    template_fingerprint: str
    precision: str
    config: str


def adapter_metadata(config: TrainingConfig, precision: str, template: str) -> AdapterMetadata:
    """Build the metadata of an adapter; `template` is the fingerprint of the chat template."""
    return AdapterMetadata(
        base=config.base,
        revision=config.revision,
        base_fingerprint=fingerprint(config.base, config.revision),
        template_fingerprint=template,
        precision=precision,
        config=config.canonical,
    )


def read_metadata(adapter: Path) -> AdapterMetadata:
    """Read the metadata of an adapter that Timbre trained.

    Raises `TrainerError` if the folder contains no adapter that Timbre trained, or if the weights
    are only in a pickle file, which could run code.
    """
    if not (adapter / WEIGHTS).is_file():
        pickles = sorted(path.name for path in adapter.glob("*.bin"))
        raise TrainerError(
            f"{adapter} has no {WEIGHTS}{pickle_warning(pickles)}. Train the adapter again."
        )
    try:
        return AdapterMetadata(**json.loads((adapter / METADATA).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise TrainerError(
            f"The adapter's metadata in {adapter / METADATA} can't be read "
            f"({type(error).__name__}). Train the adapter again."
        ) from error


def check_base(metadata: AdapterMetadata, base: str, template: str, adapter: Path) -> None:
    """Check that an adapter was trained with this base model and chat template.

    Raises `TrainerError` if the adapter was trained with another base model or chat template. The
    error message names the expected and the actual base model or template.
    """
    actual = fingerprint(base, metadata.revision if base == metadata.base else "")
    if actual != metadata.base_fingerprint:
        raise TrainerError(
            f"{adapter} was trained on the base model “{metadata.base}” "
            f"({metadata.base_fingerprint[:12]}), not on “{base}” ({actual[:12]}). Use the base "
            "model it was trained on."
        )
    if template != metadata.template_fingerprint:
        raise TrainerError(
            f"{adapter} was trained with the chat template {metadata.template_fingerprint[:12]}, "
            f"but the model uses {template[:12]}. Use the same base model and library versions as "
            "in its training run."
        )
