"""What the worker says: a line for a line, as words or as JSON, and no secret in it."""

import io
import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from timbre.settings import Settings

HIDDEN = "[secret]"


class OneLine(logging.Formatter):
    """A log record as one line, with what must not be read taken out."""

    def __init__(self, as_json: bool, secrets: Iterable[str]) -> None:
        """Write JSON or words; hide these secrets wherever they turn up."""
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

    For what is printed past the log, such as the traceback of a thread that died.
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


def set_up_logs(settings: Settings) -> None:
    """Let everything that is logged go to standard error, a line each.

    Where that is JSON, what is printed on standard error becomes JSON too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(settings.json_log, _secrets(settings)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("timbre").setLevel(logging.INFO)
    if settings.json_log:
        sys.stderr = Lines()


def _secrets(settings: Settings) -> Iterable[str]:
    yield settings.argilla_api_key
    for url in (settings.database_url, settings.queue_url):
        yield urlsplit(url).password or ""
