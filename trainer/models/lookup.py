"""Find base models: `mini`, `smollm2`, a local folder, or a Hub id with its revision.

Every model is resolved to a checked local folder before it is loaded, so loading never uses the
network. Only safetensors weights are accepted, because a pickle file can run code when it is
opened. `trainer.models.remote_code` handles models with their own Python code.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models import mini, smollm2
from trainer.models.remote_code import check_code, hub_commit, may_run_code, python_files

MINI, SMOLLM2 = "mini", "smollm2"
_NAMED = {MINI: mini.mini_folder, SMOLLM2: smollm2.smollm2_folder}
_ORIGINS = {MINI: mini.ORIGIN, SMOLLM2: smollm2.ORIGIN}
_DOWNLOADS = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "*.py"]
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_TOKENIZER = ("tokenizer", "chat_template", "special_tokens_map", "vocab", "merges", "added_tokens")


def resolve(base: str, revision: str = "") -> Path:
    """Return the checked folder of a base model, and download the model if necessary.

    Raises `TrainerError` if the model doesn't exist, is gated, or could run code when loaded.
    """
    if base in _NAMED:
        return check_folder(_NAMED[base]())
    folder = Path(base).expanduser()
    if folder.is_dir():
        return check_folder(folder.resolve())
    if base.count("/") != 1 or base.startswith((".", "/", "~")):
        raise TrainerError(
            f"There is no model “{base}”. Use “mini”, “smollm2”, a model's folder, or a Hub id "
            "(owner/name)."
        )
    return check_folder(_download(base, revision))


def model_origin(base: str) -> str:
    """Return where a base model comes from and its licence, as a sentence for model cards."""
    return _ORIGINS.get(
        base, f"{base}. Its licence is on its model card, and applies to what you train from it."
    )


def hub_name(base: str) -> str:
    """Return the name of a base model on model hubs."""
    return smollm2.HUB_ID if base == SMOLLM2 else base


def check_folder(folder: Path) -> Path:
    """Check that a model folder is complete and can't run code when loaded, and return it.

    Raises `TrainerError` with the name of the file or key that causes the problem.
    """
    if not (folder / "config.json").is_file():
        raise TrainerError(f"{folder} has no config.json, so it isn't a model folder.")
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
        raise TrainerError(
            f"{folder} has no *.safetensors weights{pickle_warning(pickles)}. "
            "Download the model's safetensors version."
        )
    check_code(folder)
    return folder


def pickle_warning(pickles: list[str]) -> str:
    """Return a clause that explains that pickle files aren't accepted, or "" if there are none."""
    return f", only {pickles[0]}, a pickle file that can run code when opened" if pickles else ""


def _download(base: str, revision: str) -> Path:
    """Return the local copy of a Hub model, or download the model if there is no local copy."""
    name = f"“{base}”" + (f" at {revision}" if revision else "")
    options: Any = {"revision": revision or None, "allow_patterns": _DOWNLOADS}
    try:
        try:
            return Path(huggingface_hub.snapshot_download(base, local_files_only=True, **options))
        except LocalEntryNotFoundError:
            return Path(huggingface_hub.snapshot_download(base, **options))
    except GatedRepoError:
        raise TrainerError(
            f"The model {name} is gated. Request access on its page, then run `hf auth login`."
        ) from None
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise TrainerError(
            f"Downloading the model {name} failed ({type(error).__name__}). Check its name and "
            "your network connection, or use a local folder."
        ) from error


def fingerprint(base: str, revision: str = "") -> str:
    """Return a SHA-256 of the names and contents of a model's weights, configuration and tokenizer.

    Folders with the same fingerprint load as the same model and render chats in the same way.
    """
    folder = resolve(base, revision)
    digest = hashlib.sha256()
    code = python_files(folder) if may_run_code(folder) else []
    for path in sorted({*folder.iterdir(), *code}):
        is_settings = path.name == "config.json" or path.name.startswith(_TOKENIZER)
        if path.suffix == ".safetensors" or is_settings or path in code:
            with path.open("rb") as file:
                digest.update(f"{path.name}\0".encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def pin_revision(config: TrainingConfig) -> TrainingConfig:
    """Set a configuration's revision to the current commit of its Hub model.

    The exact commit makes a recorded run reproducible even if the model's repository changes.

    Raises `TrainerError` if the model isn't available.
    """
    commit = hub_commit(resolve(config.base, config.revision))
    return replace(config, revision=commit) if commit else config
