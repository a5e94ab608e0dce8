"""Check whether models contain Python code, and keep the list of models that the user trusts.

A model's own code runs with the user's permissions when the model is loaded. A model with its own
code is rejected unless the user trusts exactly this version of its code. The list of trusted models
contains `owner/name@commit` for a Hub model, and `folder@digest` for a folder. The list of trusted
models is empty until `trust_models` is called.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.errors import TrainerError

_CONFIGS = ("config.json", "tokenizer_config.json")
_SNAPSHOT = re.compile(r"models--(?P<owner>.+?)--(?P<name>.+)/snapshots/(?P<commit>[0-9a-f]{40})\Z")
_trusted: set[str] = set()


def trust_models(entries: Iterable[str]) -> None:
    """Set the list of trusted models, replacing the previous one."""
    _trusted.clear()
    _trusted.update(entries)


def may_run_code(folder: Path) -> bool:
    """Return whether a model folder contains code that the user trusts."""
    return bool(_auto_maps(folder)) and trust_entry(folder) in _trusted


def check_code(folder: Path) -> None:
    """Check that a model folder contains no code, or only code that the user trusts.

    Raises `TrainerError` if a configuration file refers to code that isn't allowed.
    """
    for name, auto_map in _auto_maps(folder).items():
        remote = [reference for reference in _references(auto_map) if "--" in reference]
        if remote:
            raise TrainerError(
                f"{folder / name}: `auto_map` loads code from another repository ({remote[0]}), "
                "which Timbre never allows. Use a model whose architecture transformers supports."
            )
        if trust_entry(folder) not in _trusted:
            raise TrainerError(
                f"{folder / name}: `auto_map` makes the model run its own Python code. Use a model "
                "whose architecture transformers supports, or review the code and add "
                f"{trust_entry(folder)} to TIMBRE_TRUSTED_CODE."
            )


def trust_entry(folder: Path) -> str:
    """Return the entry that represents a model folder in the list of trusted models."""
    snapshot = _SNAPSHOT.search(folder.absolute().as_posix())
    if snapshot:
        return f"{snapshot['owner']}/{snapshot['name']}@{snapshot['commit']}"
    digest = hashlib.sha256()
    for path in python_files(folder):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{folder}@{digest.hexdigest()}"


def hub_commit(folder: Path) -> str:
    """Return the commit of a model downloaded from the Hub, or an empty string for other models."""
    snapshot = _SNAPSHOT.search(folder.absolute().as_posix())
    return snapshot["commit"] if snapshot else ""


def python_files(folder: Path) -> list[Path]:
    """Return the Python files in a folder and its subfolders."""
    return sorted(folder.rglob("*.py"))


def _auto_maps(folder: Path) -> dict[str, Any]:
    """Return the `auto_map` of each configuration file that has one, keyed by file name."""
    paths = (folder / name for name in _CONFIGS)
    configs = {path.name: _read_config(path) for path in paths if path.is_file()}
    return {name: config["auto_map"] for name, config in configs.items() if "auto_map" in config}


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TrainerError(
            f"{path} isn't valid JSON ({type(error).__name__}). Download the model again."
        ) from error
    if not isinstance(config, dict):
        raise TrainerError(f"{path} isn't a JSON object. Download the model again.")
    return config


def _references(auto_map: Any) -> list[str]:
    """Return all references to code in an `auto_map`, including nested ones."""
    if isinstance(auto_map, dict):
        return [reference for value in auto_map.values() for reference in _references(value)]
    if isinstance(auto_map, list):
        return [reference for value in auto_map for reference in _references(value)]
    return [auto_map] if isinstance(auto_map, str) else []
