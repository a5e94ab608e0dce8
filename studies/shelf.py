"""The finished cells of a study, one JSON file each, so that a study broken off goes on.

A cell's key is the digest of everything that determines it, so a changed setting makes new cells
and leaves the old ones be. A file is renamed into place when it is whole.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from db.records import Message, Output, Role, canonical, digest, plain

Cell = dict[str, Any]


class Shelf:
    """A folder of cells."""

    def __init__(self, folder: Path) -> None:
        """Keep cells in a folder, which is made on first use."""
        self.folder = folder

    def place(self, key: Mapping[str, Any]) -> Path:
        """The folder for what a cell needs while it is made, such as an adapter."""
        return self.folder / digest(canonical(dict(key)))[:16]

    def has(self, key: Mapping[str, Any]) -> bool:
        """Whether the cell is finished."""
        return self.place(key).with_suffix(".json").is_file()

    def kept(self, key: Mapping[str, Any], make: Callable[[], Cell]) -> Cell:
        """The cell as it was kept, or made now."""
        path = self.place(key).with_suffix(".json")
        if not path.is_file():
            made = {"key": dict(key), **make()}
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
            part.replace(path)
        found: Cell = json.loads(path.read_text(encoding="utf-8"))
        return found

    def outputs(
        self, key: Mapping[str, Any], make: Callable[[], Sequence[Output]]
    ) -> tuple[Output, ...]:
        """The outputs of a cell, kept as they were made: scoring again never generates again."""
        cell = self.kept(key, lambda: {"outputs": [plain(output) for output in make()]})
        return tuple(_output(told) for told in cell["outputs"])


def _output(told: dict[str, Any]) -> Output:
    messages = tuple(Message(Role(m["role"]), m["content"]) for m in told["messages"])
    return Output(**{**told, "messages": messages})
