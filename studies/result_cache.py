"""A cache of finished study steps, so that an interrupted study can continue where it stopped.

Each result is stored as a JSON file under a key made of everything that determines the result.
Changing a setting therefore creates a new file and leaves the old one alone. If a file is damaged,
the result is computed again.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from db.records import Message, Output, Role, canonical, digest, plain
from trainer.lock import lock_folder, write_atomically

Entry = dict[str, Any]
ProgressCallback: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of a step, the number of finished items, and the total."""


class ResultCache:
    """A folder of cached results; only one process at a time may use it."""

    def __init__(self, folder: Path) -> None:
        """Set the folder, which is created when the first result is stored."""
        self.folder = folder

    def folder_for(self, key: Mapping[str, Any]) -> Path:
        """Return the folder for files needed while a result is computed, such as an adapter."""
        return self.folder / digest(canonical(dict(key)))[:16]

    def has(self, key: Mapping[str, Any]) -> bool:
        """Return whether a result is stored under this key."""
        return _read(self._file(key)) is not None

    def get_or_compute(self, key: Mapping[str, Any], compute: Callable[[], Entry]) -> Entry:
        """Return the stored result for a key, or compute and store it."""
        path = self._file(key)
        entry = _read(path)
        if entry is None:
            entry = {"key": dict(key), **compute()}
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(entry, ensure_ascii=False))
            entry = _read(path) or entry  # so that new numbers are identical to stored ones
        return entry

    def entries(self) -> Iterator[Entry]:
        """Yield all stored results."""
        entries = (_read(path) for path in sorted(self.folder.glob("*.json")))
        return (entry for entry in entries if entry is not None)

    def lock(self) -> AbstractContextManager[None]:
        """Reserve the cache for this process until the block ends or the process dies.

        Raises `RunLockedError` if another process is using the cache.
        """
        return lock_folder(self.folder)

    def outputs(
        self, key: Mapping[str, Any], generate: Callable[[], Sequence[Output]]
    ) -> tuple[Output, ...]:
        """Return the stored outputs for a key, or generate and store them."""
        entry = self.get_or_compute(
            key, lambda: {"outputs": [plain(output) for output in generate()]}
        )
        return tuple(_output(values) for values in entry["outputs"])

    def _file(self, key: Mapping[str, Any]) -> Path:
        return self.folder_for(key).with_suffix(".json")


def _ignore_progress(step: str, done: int, total: int) -> None:
    """A progress callback that does nothing."""


@dataclass(frozen=True)
class StudyContext:
    """The result cache and progress callback that all steps of a study use."""

    cache: ResultCache
    on_progress: ProgressCallback = _ignore_progress

    def progress(self, step: str) -> Callable[[int, int], None]:
        """Create a callback that reports the progress of one step."""
        return partial(self.on_progress, step)


def _read(path: Path) -> Entry | None:
    """Read a result from its file, or return None if the file is missing or damaged."""
    try:
        entry: Entry = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return entry


def _output(values: dict[str, Any]) -> Output:
    messages = tuple(Message(**{**m, "role": Role(m["role"])}) for m in values["messages"])
    return Output(**{**values, "messages": messages})
