"""Write the worker log with one line per record, as text or JSON, and mask secrets."""

import io
import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from timbre.settings import Settings

MASK = "[secret]"


class LineFormatter(logging.Formatter):
    """Formats a log record as one line and masks secrets."""

    def __init__(self, as_json: bool, secrets: Iterable[str]) -> None:
        """Format log records as JSON or text, and mask secrets that appear in messages."""
        super().__init__()
        self._as_json = as_json
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        for secret in self._secrets:
            message = message.replace(secret, MASK)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            entry = {"at": at, "level": record.levelname, "from": record.name, "message": message}
            return json.dumps(entry, ensure_ascii=False)
        return f"{at} {record.levelname} {message.replace(chr(10), ' / ')}"


class LogStream(io.TextIOBase):
    """A replacement for standard error that logs each line written to it.

    Messages that aren't written through `logging`, such as the traceback of a failed thread, are
    logged as well.
    """

    def __init__(self) -> None:
        """Create a stream with an empty line buffer."""
        self._partial = ""

    def write(self, text: str) -> int:
        """Log complete lines, and keep an incomplete line until it is complete."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in filter(str.strip, lines):
            logging.getLogger("stderr").error("%s", line)
        return len(text)


def set_up_logs(settings: Settings) -> None:
    """Log to standard error with one line per record.

    In JSON mode, everything printed to standard error becomes JSON, too.
    """
    handler = logging.StreamHandler(sys.stderr)
    secrets = (settings.argilla_api_key, urlsplit(settings.database_url).password or "")
    handler.setFormatter(LineFormatter(settings.json_log, secrets))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("timbre").setLevel(logging.INFO)
    if settings.json_log:
        sys.stderr = LogStream()
