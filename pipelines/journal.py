"""Store a teacher's replies in an append-only file, so that no prompt is sent or paid for twice.

The key of a reply is a hash of everything that could change the reply: the teacher, its parameters,
the seed and the messages. Each reply is one JSON line that is flushed when it arrives. If a crash
leaves an incomplete last line in the file, the next run removes the line.
"""

import fcntl
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, Self

from db.records import digest
from pipelines.errors import TeacherError


@dataclass(frozen=True)
class Reply:
    """A teacher's reply to one prompt, with its token counts."""

    text: str
    input_tokens: int
    output_tokens: int


def cache_key(teacher: str, parameters: str, seed: int, messages: list[dict[str, str]]) -> str:
    """Compute the key under which a reply is stored."""
    parts = [teacher, parameters, str(seed)]
    parts += [part for message in messages for part in (message["role"], message["content"])]
    # Without the lengths, different parts could produce the same joined text.
    return digest("".join(f"{len(part)}:{part}" for part in parts))


class Journal:
    """The stored replies of a teacher, each with a key.

    Without a path, replies are kept only in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open the journal file, or create it if it doesn't exist, and read its replies.

        Raises `TeacherError` if another process is using the file.
        """
        self._replies: dict[str, Reply] = {}
        self._file: IO[bytes] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
            _lock(self._file, path)
            self._file.truncate(self._read(self._file))

    @classmethod
    def read_only(cls, path: Path | None) -> Self:
        """Load the replies from a file into a read-only journal."""
        journal = cls()
        if path is not None and path.exists():
            with path.open("rb") as file:
                journal._read(file)
        return journal

    def _read(self, file: IO[bytes]) -> int:
        """Read all complete lines, and return the offset at which the last one ends."""
        file.seek(0)
        end = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            # A full disk may have left a broken line. Its reply will be requested again.
            with suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self._replies[entry["key"]] = Reply(entry["text"], entry["in"], entry["out"])
        return end

    def lookup(self, keys: Iterable[str]) -> dict[str, Reply]:
        """Return the stored replies for the given keys. Keys without a reply are left out."""
        return {key: self._replies[key] for key in keys if key in self._replies}

    def add(self, key: str, reply: Reply) -> None:
        """Store a reply unless its key exists, and flush the file to the operating system."""
        if key in self._replies:
            return
        self._replies[key] = reply
        if self._file is not None:
            text, read, wrote = astuple(reply)
            entry = {"key": key, "text": text, "in": read, "out": wrote}
            self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            self._file.flush()

    def __enter__(self) -> Self:
        """Return this journal, whose file is closed at the end of the `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _lock(file: IO[bytes], path: Path) -> None:
    """Lock a journal file for this process.

    The operating system releases the lock when the process ends.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise TeacherError(
            f"{path.name} is in use by another run of this campaign. Wait for that run to finish."
        ) from error
