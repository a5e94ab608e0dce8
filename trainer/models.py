"""A base model found, checked and loaded: `mini`, a folder, or a Hub id with its revision.

Whatever the name, it becomes a folder on this machine before anything is loaded from it, so that
loading never asks the network. Weights are read from safetensors only: a pickle file can run code
when it is opened. So can a model that brings its own Python, which `trainer.remote_code` sees to.
"""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.failures import is_memory
from trainer.mini.packaged import mini_path
from trainer.precision import Precision
from trainer.remote_code import check_code, commit_of, may_run_code, python_files

MINI = "mini"
_NEEDED = (
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "*.jinja",
    "*.model",
    "*.txt",
    "*.py",
)
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_TOKENIZER = ("tokenizer", "chat_template", "special_tokens_map", "vocab", "merges", "added_tokens")
_NUMBER = re.compile(r"\d+")


def resolve(base: str, revision: str = "") -> Path:
    """The folder of a base model, checked: fetched once from the Hub where `base` is an id.

    Raises `TrainerError` if there is no such model, if it is gated, or if loading it could run
    code.
    """
    if base == MINI:
        return check_folder(mini_path())
    folder = Path(base).expanduser()
    if folder.is_dir():
        return check_folder(folder.resolve())
    if base.count("/") != 1 or base.startswith((".", "/", "~")):
        raise TrainerError(
            f"found no model at “{base}”, expected “mini”, a model's folder or a Hub id "
            "(owner/name); check the name"
        )
    return check_folder(_from_hub(base, revision))


def check_folder(folder: Path) -> Path:
    """A model folder from anywhere, refused if loading it could run code.

    Raises `TrainerError` naming the file or key that was found.
    """
    config = folder / "config.json"
    if not config.is_file():
        raise TrainerError(f"found no config.json in {folder}, expected a model's folder")
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(p.name for p in folder.iterdir() if p.suffix in _PICKLES)
        found = f"{pickles[0]}, a pickle file that can run code when opened" if pickles else "none"
        raise TrainerError(
            f"expected weights as *.safetensors in {folder}, found {found}; "
            "get the model's safetensors version"
        )
    check_code(folder)
    return folder


def _from_hub(base: str, revision: str) -> Path:
    wanted = revision or None
    where = f"“{base}”" + (f" at {revision}" if revision else "")
    try:  # what is already here needs no network, and does not wait for one
        return Path(
            huggingface_hub.snapshot_download(
                base, revision=wanted, allow_patterns=list(_NEEDED), local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(
            huggingface_hub.snapshot_download(base, revision=wanted, allow_patterns=list(_NEEDED))
        )
    except GatedRepoError:
        raise TrainerError(
            f"the model {where} is gated; ask for access on its page and run `hf auth login`"
        ) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise TrainerError(
            f"could not get the model {where} ({type(error).__name__}); "
            "check its name and the network, or name a local folder"
        ) from error


def fingerprint(base: str, revision: str = "") -> str:
    """SHA-256 over the names and contents of a model's weights, configuration and tokenizer.

    Two folders with the same fingerprint load as the same model and render chats the same way.
    """
    folder = resolve(base, revision)
    whole = hashlib.sha256()
    code = python_files(folder) if may_run_code(folder) else []
    for path in sorted({*folder.iterdir(), *code}):
        named = path.name == "config.json" or path.name.startswith(_TOKENIZER)
        if path.suffix == ".safetensors" or named or path in code:
            with path.open("rb") as file:
                whole.update(f"{path.name}\0".encode())
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def pin_revision(config: TrainingConfig) -> TrainingConfig:
    """A configuration with the commit of its Hub model, where it names none or a branch.

    So a run means the same model for ever, whatever is published under its name later.

    Raises `TrainerError` if the model cannot be had.
    """
    commit = commit_of(resolve(config.base, config.revision))
    return replace(config, revision=commit) if commit else config


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """A model's tokenizer, padding on the left as generation needs it.

    Raises `TrainerError` if the folder holds none that can be read, or one that ends no turn.
    """
    with _readable(folder, "tokenizer"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=may_run_code(folder),
            padding_side="left",
        )
    if tokenizer.eos_token is None:
        raise TrainerError(
            f"found no eos_token in the tokenizer of {folder}, expected the token that ends a "
            "turn; use the model's instruct version"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, precision: Precision) -> PreTrainedModel:
    """A base model in a precision, on that precision's device.

    Raises `TrainerError` if its weights are broken or not all there, if transformers does not
    know its architecture, or if bitsandbytes cannot quantise on this machine.
    """
    with _readable(folder, "model", precision):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=precision.compute,
            quantization_config=precision.bitsandbytes(),
            device_map={"": precision.device},
            use_safetensors=True,
            trust_remote_code=may_run_code(folder),
            local_files_only=True,
            output_loading_info=True,
        )
    model, told = loaded
    if missing := sorted(told["missing_keys"]):  # the library would leave them to chance
        raise TrainerError(
            f"found {len(missing)} weights of the model in {folder} missing ({missing[0]}), "
            "expected all of them; get the model again"
        )
    whole: PreTrainedModel = model
    if more := _of_further_layers(whole, told["unexpected_keys"]):
        raise TrainerError(
            f"found weights in {folder} of more layers than its config.json has ({more[0]}), "
            "expected as many; get the model again"
        )
    return whole


def _of_further_layers(model: PreTrainedModel, unexpected: Iterable[str]) -> list[str]:
    """Weights that are left over and named as those of the model's layers but for the number."""
    known = {_NUMBER.sub("#", name) for name in model.state_dict()}
    return sorted(name for name in unexpected if _NUMBER.sub("#", name) in known)


@contextmanager
def _readable(folder: Path, what: str, precision: Precision | None = None) -> Iterator[None]:
    try:
        yield
    except TrainerError:
        raise
    except Exception as error:  # over a folder from elsewhere a library can break anywhere
        if is_memory(error):
            raise
        if precision and precision.quantised and isinstance(error, (ImportError, RuntimeError)):
            raise TrainerError(
                f"bitsandbytes cannot hold a model as {precision.name} on this machine "
                f"({type(error).__name__}); set precision to auto"
            ) from error
        raise _unreadable(folder, what, error) from error


def _unreadable(folder: Path, what: str, error: Exception) -> TrainerError:
    said = str(error).strip().splitlines() or [""]
    return TrainerError(
        f"cannot load the {what} in {folder} ({type(error).__name__}: {said[0]}); get it again, "
        "or use a model of an architecture that transformers knows"
    )


def context_length(model: PreTrainedModel) -> int:
    """How many tokens, prompt and answer together, the model can attend to."""
    known = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(known or sys.maxsize)  # some families have no bound of their own
