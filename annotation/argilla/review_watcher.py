"""Pull reviews from Argilla while people are submitting them."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from annotation.argilla.connection import Connection
from annotation.argilla.webhooks import (
    ChangedRecord,
    WebhookServer,
    registered_webhook,
    serve_webhooks,
)
from annotation.errors import AnnotationError

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class WatchConfig:
    """The settings for watching reviews.

    Attributes:
        host: The address on which to listen for Argilla's webhooks.
        port: The port to listen on, or 0 to use any free port.
        public_url: The URL at which Argilla can reach this process, or an empty string if Argilla
            runs on the same machine.
        interval: The number of seconds between two pulls of all reviews. A pull of all reviews also
            finds those that no webhook reported.
    """

    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    interval: float = 300.0


@dataclass
class ReviewWatcher:
    """Pulls changed reviews when Argilla reports them, and all reviews at regular intervals.

    Only records in the connection's workspace are watched. The connected user must be an owner.
    Messages use `name` to say what is being watched. To stop watching, set the event `stopped`.
    """

    connection: Connection
    name: str
    pull_all: Callable[[], None]
    pull_records: Callable[[set[ChangedRecord]], None]
    on_message: Callable[[str], None]
    config: WatchConfig = field(default_factory=WatchConfig)
    stopped: threading.Event = field(default_factory=threading.Event)
    _changes: "queue.SimpleQueue[ChangedRecord]" = field(default_factory=queue.SimpleQueue)

    def run(self) -> None:
        """Watch for changes until `stopped` is set.

        If Argilla becomes unreachable, the watcher retries until the server is back.

        Raises `AnnotationError` if Argilla can't be reached at the start or rejects the webhook.
        """
        config, on_change = self.config, self._changes.put
        with serve_webhooks(config.host, config.port, on_change, self.on_message) as server:
            name = f"timbre review watch {self.name}"
            with registered_webhook(self.connection, self._url(server), name) as secret:
                server.secret = secret
                self.on_message(f"Watching {self.name} at {self.connection.url}.")
                self._watch()

    def _url(self, server: WebhookServer) -> str:
        return self.config.public_url or f"http://{self.config.host}:{server.server_port}/"

    def _watch(self) -> None:
        next_full_pull, last_error = 0.0, ""
        pending: set[ChangedRecord] = set()
        while not self.stopped.is_set():
            pending |= self._wait_for_changes()
            try:
                if time.monotonic() >= next_full_pull:
                    self.pull_all()
                    next_full_pull = time.monotonic() + self.config.interval
                elif pending:
                    self.pull_records(pending)
                pending, last_error = set(), ""
            except AnnotationError as error:
                # The same error is reported once, not on every retry.
                if str(error) != last_error:
                    self.on_message(f"{error} Retrying every {RETRY_SECONDS:g} s.")
                last_error = str(error)
                self.stopped.wait(RETRY_SECONDS)

    def _wait_for_changes(self) -> set[ChangedRecord]:
        """Return the records that webhooks reported, after waiting up to half a second for one."""
        changes = set()
        try:
            record = self._changes.get(timeout=0.5)
            while True:
                if record.workspace == self.connection.workspace:
                    changes.add(record)
                record = self._changes.get_nowait()
        except queue.Empty:
            return changes
