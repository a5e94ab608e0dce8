"""The finished cells of a study, one JSON file each, so that a study broken off goes on.

A cell's key is the digest of everything that determines it, so a changed setting makes new cells
and leaves the old ones be. A file is renamed into place when it is whole; one that a crash of the
machine left torn is made again. One process at a time works on a shelf.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from db.records import Message, Output, Role, canonical, digest, plain
from trainer.lock import lock_folder

Cell = dict[str, Any]


class ResultCache:
    """A folder of cells."""

    def __init__(self, folder: Path) -> None:
        """Keep cells in a folder, which is made on first use."""
        self.folder = folder

    def place(self, key: Mapping[str, Any]) -> Path:
        """The folder for what a cell needs while it is made, such as an adapter."""
        return self.folder / digest(canonical(dict(key)))[:16]

    def has(self, key: Mapping[str, Any]) -> bool:
        """Whether the cell is finished."""
        return _read(self.place(key).with_suffix(".json")) is not None

    def kept(self, key: Mapping[str, Any], make: Callable[[], Cell]) -> Cell:
        """The cell as it was kept, or made now."""
        path = self.place(key).with_suffix(".json")
        found = _read(path)
        if found is None:
            found = {"key": dict(key), **make()}
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
            part.replace(path)
            found = _read(path) or found  # numbers as the file has them, new or kept
        return found

    def cells(self) -> Iterator[Cell]:
        """Every finished cell."""
        found = (_read(path) for path in sorted(self.folder.glob("*.json")))
        return (cell for cell in found if cell is not None)

    def alone(self) -> AbstractContextManager[None]:
        """Keep the shelf to this process; one that dies lets go of it.

        Raises `TrainerError` if another process is at work on it.
        """
        return lock_folder(self.folder)

    def outputs(
        self, key: Mapping[str, Any], make: Callable[[], Sequence[Output]]
    ) -> tuple[Output, ...]:
        """The outputs of a cell, kept as they were made: scoring again never generates again."""
        cell = self.kept(key, lambda: {"outputs": [plain(output) for output in make()]})
        return tuple(_output(told) for told in cell["outputs"])


def _read(path: Path) -> Cell | None:
    """A cell from its file, None where there is none or it is torn."""
    try:
        found: Cell = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _output(told: dict[str, Any]) -> Output:
    messages = tuple(Message(Role(m["role"]), m["content"]) for m in told["messages"])
    return Output(**{**told, "messages": messages})
