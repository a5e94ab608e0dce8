"""Pull the reviews of watched campaigns while the worker runs, using one thread per campaign."""

import logging
import threading
from collections.abc import Sequence

from annotation.argilla.accounts import add_workspace
from annotation.argilla.review_watcher import WatchConfig
from annotation.errors import AnnotationError
from db.errors import StoreError
from db.store import Store
from timbre.argilla import connection
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.review.pull import review_watcher

RETRY_SECONDS = 5.0

log = logging.getLogger("timbre.reviews")


def watch_reviews(
    settings: Settings,
    campaigns: Sequence[tuple[str, Campaign]],
    address: str,
    stopped: threading.Event,
) -> list[threading.Thread]:
    """Pull reviews until stopped. Argilla sends its webhooks to `address` (HOST:PORT).

    The first campaign's webhooks go to the port in `address`, the second campaign's to the next
    port, and so on.

    Raises `SettingsError` if the address isn't a host and a port.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(
            f"--reviews is “{address}”, but it must be the HOST:PORT at which Argilla can reach "
            "this worker, such as timbre:8100."
        )
    threads = []
    for number, (_, campaign) in enumerate(campaigns, int(port)):
        url = f"http://{host}:{number}/"
        config = WatchConfig("0.0.0.0", number, url)  # noqa: S104 (Argilla runs on another machine)
        arguments = (settings, campaign, config, stopped)
        threads.append(threading.Thread(target=_watch, args=arguments, daemon=True))
    for thread in threads:
        thread.start()
    return threads


def _watch(
    settings: Settings, campaign: Campaign, config: WatchConfig, stopped: threading.Event
) -> None:
    last_error = ""
    while not stopped.is_set():
        try:
            argilla = connection(settings)
            add_workspace(argilla)
            with Store.open(settings.database_url) as store:
                watcher = review_watcher(store, campaign, argilla, log.info, config)
                watcher.stopped = stopped
                watcher.run()
        except (AnnotationError, SettingsError, StoreError) as error:
            # The same error is logged once, not on every retry.
            if str(error) != last_error:
                log.warning("%s Retrying every %g s.", error, RETRY_SECONDS)
            last_error = str(error)
            stopped.wait(RETRY_SECONDS)
