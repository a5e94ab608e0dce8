"""Models that bring Python code of their own, and the list of those that the user trusts with it.

Such code runs with the user's rights when the model is loaded. It is refused unless the list names
the model at exactly this state of the code: `owner/name@commit` for one of the Hub,
`folder@digest` for a folder. The list is empty until `trust_models` is called.
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


def trust_models(models: Iterable[str]) -> None:
    """Trust these models with their code, and no others."""
    _trusted.clear()
    _trusted.update(models)


def may_run_code(folder: Path) -> bool:
    """Whether a model folder brings code and is trusted to run it."""
    return bool(_maps(folder)) and code_id(folder) in _trusted


def check_code(folder: Path) -> None:
    """Let a folder pass that brings no code, or is trusted with it.

    Raises `TrainerError` naming the file that asks for code, and what to put on the list.
    """
    for name, wanted in _maps(folder).items():
        elsewhere = [place for place in _places(wanted) if "--" in place]
        if elsewhere:
            raise TrainerError(
                f"found “auto_map” in {folder / name} asking for the code of another repository "
                f"({elsewhere[0]}), which is always refused; use a model of an architecture that "
                "transformers knows"
            )
        if code_id(folder) not in _trusted:
            raise TrainerError(
                f"found “auto_map” in {folder / name}: the model wants to run its own Python code, "
                "which is refused; use a model of an architecture that transformers knows, or "
                f"read the code and put {code_id(folder)} into TIMBRE_TRUSTED_CODE"
            )


def code_id(folder: Path) -> str:
    """What the list calls the code in a model's folder: its repository's commit, or its digest."""
    kept = _SNAPSHOT.search(folder.absolute().as_posix())
    if kept:
        return f"{kept['owner']}/{kept['name']}@{kept['commit']}"
    whole = hashlib.sha256()
    for path in python_files(folder):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        whole.update(content)
    return f"{folder}@{whole.hexdigest()}"


def commit_of(folder: Path) -> str:
    """The commit of a model that came from the Hub, empty for a folder of another kind."""
    kept = _SNAPSHOT.search(folder.absolute().as_posix())
    return kept["commit"] if kept else ""


def python_files(folder: Path) -> list[Path]:
    """The Python files of a folder, those in folders within it too."""
    return sorted(folder.rglob("*.py"))


def _maps(folder: Path) -> dict[str, Any]:
    """What each configuration file of a folder wants to run."""
    found = {}
    for name in _CONFIGS:
        path = folder / name
        if path.is_file() and "auto_map" in (told := _read(path)):
            found[name] = told["auto_map"]
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TrainerError(
            f"cannot read {path} ({type(error).__name__}), expected JSON; get the model again"
        ) from error
    if not isinstance(told, dict):
        raise TrainerError(f"found no settings in {path}, expected a JSON object; get it again")
    return told


def _places(wanted: Any) -> list[str]:
    """Every place of code that a map names, however it is nested."""
    if isinstance(wanted, dict):
        return [place for value in wanted.values() for place in _places(value)]
    if isinstance(wanted, list):
        return [place for value in wanted for place in _places(value)]
    return [wanted] if isinstance(wanted, str) else []
