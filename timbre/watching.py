"""Reviews brought in as they are submitted: told by webhooks, and looked for now and then."""

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from annotation.connect import Connection
from annotation.errors import AnnotationError
from annotation.webhooks import Touched, webhook
from db.reviews import Reconciled
from db.store import Store
from timbre.campaign import Campaign
from timbre.listening import Listener, listening
from timbre.reviewing import pull_campaign, pull_touched

Told = Callable[[str], None]


@dataclass(frozen=True)
class WatchPlan:
    """How a campaign is watched.

    Attributes:
        host: Address to listen at for Argilla's webhooks.
        port: Port to listen at, 0 for any that is free.
        address: Where Argilla finds us, empty where it runs on this machine.
        every: Seconds between two pulls of everything, which find what no webhook told.
    """

    host: str = "127.0.0.1"
    port: int = 0
    address: str = ""
    every: float = 300.0


@dataclass
class Watch:
    """A campaign's reviews, kept up to date in the store until it is told to stop."""

    store: Store
    campaign: Campaign
    connection: Connection
    told: Told
    plan: WatchPlan = field(default_factory=WatchPlan)
    stopped: threading.Event = field(default_factory=threading.Event)
    _heard: "queue.SimpleQueue[Touched]" = field(default_factory=queue.SimpleQueue)
    _complaint: str = ""

    def run(self) -> None:
        """Pull everything, then whatever a webhook names, and everything again now and then.

        An Argilla that goes away is waited for.

        Raises `AnnotationError` if it is not there or does not take our webhook at the start.
        """
        with listening(self.plan.host, self.plan.port, self._heard.put, self.told) as listener:
            name = f"timbre review watch {self.campaign.name}"
            with webhook(self.connection, self._address(listener), name) as secret:
                listener.secret = secret
                self.told(f"watching {self.campaign.name} at {self.connection.url}")
                self._keep_up()

    def _address(self, listener: Listener) -> str:
        return self.plan.address or f"http://{self.plan.host}:{listener.server_port}/"

    def _keep_up(self) -> None:
        due = 0.0
        pending: set[Touched] = set()
        while not self.stopped.is_set():
            pending |= self._hear()
            try:
                if time.monotonic() >= due:
                    self._pull_all()
                    due = time.monotonic() + self.plan.every
                elif pending:
                    self._pull_some(pending)
                pending = set()
                self._complaint = ""
            except AnnotationError as error:
                # Said once for as long as it lasts.
                if str(error) != self._complaint:
                    self.told(f"{error}; it is tried again")
                self._complaint = str(error)
                self.stopped.wait(1)

    def _hear(self) -> set[Touched]:
        """What webhooks named: at least half a second's wait if there is nothing."""
        found = set()
        try:
            found.add(self._heard.get(timeout=0.5))
            while True:
                found.add(self._heard.get_nowait())
        except queue.Empty:
            return found

    def _pull_all(self) -> None:
        for dataset, found in pull_campaign(self.store, self.campaign, self.connection):
            self._tell(dataset, found, "found")

    def _pull_some(self, touched: Iterable[Touched]) -> None:
        ours = [one for one in touched if one.workspace == self.connection.workspace]
        for dataset in self.campaign.datasets:
            if any(one.dataset == dataset for one in ours):
                found = pull_touched(self.store, dataset, self.connection, ours)
                self._tell(dataset, found, "heard of")

    def _tell(self, dataset: str, found: Reconciled, how: str) -> None:
        if found.new or found.changed or found.deleted:
            self.told(
                f"{dataset}: {how} {found.new} new, {found.changed} changed, "
                f"{found.deleted} deleted"
            )
