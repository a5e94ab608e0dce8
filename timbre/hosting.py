"""What a study needs to tune at a service: the key for its address, and files as it takes them."""

from collections.abc import Sequence
from pathlib import Path

from db.providers import OPENAI, provider_lines
from db.records import Example
from studies.finetune_api import FinetuneAccess, Provider
from timbre.settings import service_key


def hosting(providers: Sequence[Provider]) -> FinetuneAccess:
    """Keys and files for some providers; a key that is missing is told before anything starts."""
    for provider in providers:
        service_key(provider.url)
    return FinetuneAccess(service_key, write_training_file)


def write_training_file(examples: Sequence[Example], folder: Path) -> None:
    """Write `train.jsonl`; raises `StoreError` naming what it has that OpenAI refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(provider_lines(OPENAI, examples))
    (folder / "train.jsonl").write_text(text, encoding="utf-8")
