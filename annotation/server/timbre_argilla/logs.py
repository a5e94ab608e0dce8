"""Write the server log with one line per record, as text or JSON, and mask secrets."""

import io
import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

REPLACEMENT = "[secret]"


class LineFormatter(logging.Formatter):
    """Formats a log record as one line and masks secrets."""

    def __init__(self, as_json: bool, secrets: Iterable[str]) -> None:
        """Create a formatter that writes records as JSON or text and masks the given secrets."""
        super().__init__()
        self._as_json = as_json
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        for secret in self._secrets:
            message = message.replace(secret, REPLACEMENT)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            line = {"at": at, "level": record.levelname, "from": record.name, "message": message}
            return json.dumps(line, ensure_ascii=False)
        return f"{at} {record.levelname} {message.replace(chr(10), ' / ')}"


class StderrLogger(io.TextIOBase):
    """A replacement for standard error that logs each line written to it.

    Without this class, text that libraries write to standard error, such as the traceback of a
    failed thread, would bypass the log format.
    """

    def __init__(self) -> None:
        """Create a stream that has received no text yet."""
        self._unfinished = ""

    def write(self, text: str) -> int:
        """Log the complete lines of a text, and keep the rest until its line is complete."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in filter(str.strip, lines):
            logging.getLogger("stderr").error("%s", line)
        return len(text)


def configure_logging(as_json: bool, secrets: Iterable[str]) -> None:
    """Send all log records to standard error, one per line; further calls have no effect."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(as_json, secrets))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
