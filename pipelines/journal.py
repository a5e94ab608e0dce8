"""What a teacher has replied so far, one JSON line a reply: nothing is asked, or paid for, twice.

A reply is keyed by everything that could change it: the teacher, its parameters and seed, and
the messages (which hold the rendered prompt and so its version). Lines are appended and flushed
as replies arrive; a last line torn by a crash is cut off when the journal is opened again.
"""

import fcntl
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from db.records import digest
from pipelines.errors import TeacherError


@dataclass(frozen=True)
class Reply:
    """What a teacher replied to one prompt, and the tokens it read and wrote."""

    text: str
    input_tokens: int
    output_tokens: int


def key(teacher: str, parameters: str, seed: int, messages: list[dict[str, str]]) -> str:
    """The name a reply is kept under."""
    parts = [teacher, parameters, str(seed)]
    parts += [part for message in messages for part in (message["role"], message["content"])]
    # Lengths keep apart what would read the same when run together.
    return digest("".join(f"{len(part)}:{part}" for part in parts))


class Journal:
    """An append-only file of replies; with no path it keeps them for the run alone."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads what is there, and opens the file to go on.

        Raises `TeacherError` if another process has it open.

        Args:
            path: the file, made with its folder when missing.
        """
        self._replies: dict[str, Reply] = {}
        self._file: IO[bytes] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
            _lock(self._file, path)
            self._file.truncate(self._read(self._file))

    @classmethod
    def copy_of(cls, path: Path | None) -> Self:
        """The replies of a file, which is only read: what is kept is for this run alone."""
        journal = cls()
        if path is not None and path.exists():
            with path.open("rb") as file:
                journal._read(file)
        return journal

    def _read(self, file: IO[bytes]) -> int:
        """Takes in every whole line; returns where the last one ends."""
        file.seek(0)
        whole = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            # A disk that filled up may have left a broken line; what it held is asked again.
            with suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self._replies[entry["key"]] = Reply(entry["text"], entry["in"], entry["out"])
        return whole

    def found(self, names: Iterable[str]) -> dict[str, Reply]:
        """Those of some names that a reply is kept under, with it."""
        return {name: self._replies[name] for name in names if name in self._replies}

    def keep(self, name: str, reply: Reply) -> None:
        """Adds a reply and hands it to the operating system before returning.

        A name that there is already keeps the reply it has.
        """
        if name in self._replies:
            return
        self._replies[name] = reply
        if self._file is not None:
            entry = {
                "key": name,
                "text": reply.text,
                "in": reply.input_tokens,
                "out": reply.output_tokens,
            }
            self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            self._file.flush()

    def __len__(self) -> int:
        """How many replies are kept."""
        return len(self._replies)

    def __enter__(self) -> Self:
        """The journal itself, closed when the block is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()


def _lock(file: IO[bytes], path: Path) -> None:
    """One process at a time writes a journal; the system lets go of it when that one ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise TeacherError(
            f"found {path.name} in use by another run of this campaign, expected one run at a "
            "time; wait until it ends"
        ) from error
