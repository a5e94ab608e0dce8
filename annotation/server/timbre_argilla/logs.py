"""What the server says: a line for a line, as words or as JSON, and no secret in it."""

import io
import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

HIDDEN = "[secret]"


class OneLine(logging.Formatter):
    """A record as one line, with what must not be read taken out."""

    def __init__(self, as_json: bool, secrets: Iterable[str]) -> None:
        """Write JSON or words; hide these wherever they turn up."""
        super().__init__()
        self._json = as_json
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = record.getMessage()
        if record.exc_info:
            said = f"{said}\n{self.formatException(record.exc_info)}"
        for secret in self._secrets:
            said = said.replace(secret, HIDDEN)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._json:
            told = {"at": at, "level": record.levelname, "from": record.name, "message": said}
            return json.dumps(told, ensure_ascii=False)
        return f"{at} {record.levelname} {said.replace(chr(10), ' / ')}"


class Lines(io.TextIOBase):
    """A standard error that logs what is written to it, a record for each line.

    For what libraries print themselves, such as the traceback of a process or a thread that died.
    """

    def __init__(self) -> None:
        """Begin with an empty line."""
        self._begun = ""

    def write(self, text: str) -> int:
        """Log the lines that end here; what is left waits for its end."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in filter(str.strip, lines):
            logging.getLogger("stderr").error("%s", line)
        return len(text)


def set_up(as_json: bool, secrets: Iterable[str]) -> None:
    """Let everything that is logged go to standard error so; the first call counts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(as_json, secrets))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
