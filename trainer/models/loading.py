"""Load a base model and its tokenizer from a folder."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from trainer.chat import Chat
from trainer.errors import TrainerError
from trainer.libraries import is_out_of_memory
from trainer.models.lookup import resolve
from trainer.models.precision import Precision, choose_precision
from trainer.models.remote_code import may_run_code

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model's folder, chat template and precision, before its weights are loaded."""

    folder: Path
    chat: Chat
    precision: Precision

    def load(self) -> PreTrainedModel:
        """Load the weights."""
        return load_model(self.folder, self.precision)


def open_base(base: str, revision: str, precision: str) -> BaseModel:
    """Find a base model, read its chat template and choose a precision.

    Raises `TrainerError` if the model or the precision isn't available.
    """
    chosen = choose_precision(precision)
    folder = resolve(base, revision)
    return BaseModel(folder, Chat.from_tokenizer(load_tokenizer(folder)), chosen)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load a model's tokenizer with padding on the left, which generation requires.

    Raises `TrainerError` if the tokenizer can't be read or has no end-of-turn token.
    """
    with _readable_errors(folder, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=may_run_code(folder),
            padding_side="left",
        )
    if tokenizer.eos_token is None:
        raise TrainerError(
            f"The tokenizer in {folder} has no eos_token, so answers would never end. Use the "
            "instruct version of the model."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, precision: Precision) -> PreTrainedModel:
    """Load a base model in the format and on the device that `precision` specifies.

    Raises `TrainerError` if weights are damaged or missing, if transformers doesn't support the
    architecture, or if bitsandbytes can't quantise on this machine.
    """
    with _readable_errors(folder, "model", precision):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=precision.compute,
            quantization_config=precision.quantisation_config(),
            device_map={"": precision.device},
            use_safetensors=True,
            trust_remote_code=may_run_code(folder),
            local_files_only=True,
            output_loading_info=True,
        )
    model: PreTrainedModel = loaded[0]
    report = loaded[1]
    if missing := sorted(report["missing_keys"]):  # transformers would initialise them randomly
        raise TrainerError(
            f"{folder} is missing {len(missing)} of the model's weights ({missing[0]}). Download "
            "the model again."
        )
    if extra := _extra_layers(model, report["unexpected_keys"]):
        raise TrainerError(
            f"{folder} contains weights for more layers than its config.json defines ({extra[0]}). "
            "Download the model again."
        )
    return model


def _extra_layers(model: PreTrainedModel, unexpected: Iterable[str]) -> list[str]:
    """Return unused weights of layers that the model doesn't have, judging by their names."""
    known = {_NUMBER.sub("#", name) for name in model.state_dict()}
    return sorted(name for name in unexpected if _NUMBER.sub("#", name) in known)


@contextmanager
def _readable_errors(folder: Path, part: str, precision: Precision | None = None) -> Iterator[None]:
    try:
        yield
    except TrainerError:
        raise
    except Exception as error:  # a damaged folder can make a library fail anywhere
        if is_out_of_memory(error):
            raise
        if precision and precision.is_quantised and isinstance(error, (ImportError, RuntimeError)):
            raise TrainerError(
                f"bitsandbytes can't load a model as {precision.name} on this machine "
                f"({type(error).__name__}). Set precision to auto."
            ) from error
        lines = str(error).strip().splitlines() or [""]
        raise TrainerError(
            f"Loading the {part} from {folder} failed ({type(error).__name__}: {lines[0]}). "
            "Download the model again, or use a model whose architecture transformers supports."
        ) from error


def context_length(model: PreTrainedModel) -> int:
    """Return the model's context length in tokens, which includes the prompt and the answer."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit or sys.maxsize)  # some families have no limit


def stop_tokens(model: PreTrainedModel, chat: Chat) -> list[int]:
    """Return the tokens that end a turn, according to the model's configuration and tokenizer."""
    config = model.generation_config
    ids = config.eos_token_id if config else None
    tokens = {*(ids if isinstance(ids, list) else [ids]), chat.tokenizer.eos_token_id}
    return sorted(token for token in tokens if token is not None)
