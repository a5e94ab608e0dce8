"""The reviews of all watched campaigns brought in beside the worker, a thread for each."""

import logging
import threading

from annotation.accounts import add_workspace
from annotation.errors import AnnotationError
from db.errors import StoreError
from db.store import Store
from timbre.argilla import connection
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.watching import Watch, WatchPlan

AGAIN_SECONDS = 5.0

log = logging.getLogger("timbre.reviews")


def attend(
    settings: Settings, campaigns: list[Campaign], reached: str, stopped: threading.Event
) -> list[threading.Thread]:
    """Bring reviews in until told to stop; Argilla reaches us at `reached`, a host and a port.

    The first campaign listens at that port, the next one at the next.

    Raises `SettingsError` if that is no host and port.
    """
    host, _, port = reached.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(
            f"found “{reached}” for --reviews, expected the host and port at which Argilla reaches "
            "this worker, such as timbre:8100"
        )
    plans = [
        WatchPlan("0.0.0.0", number, f"http://{host}:{number}/")  # noqa: S104 (Argilla is elsewhere)
        for number in range(int(port), int(port) + len(campaigns))
    ]
    threads = [
        threading.Thread(target=_attend, args=(settings, campaign, plan, stopped), daemon=True)
        for campaign, plan in zip(campaigns, plans, strict=True)
    ]
    for thread in threads:
        thread.start()
    return threads


def _attend(
    settings: Settings, campaign: Campaign, plan: WatchPlan, stopped: threading.Event
) -> None:
    complaint = ""
    while not stopped.is_set():
        try:
            argilla = connection(settings)
            add_workspace(argilla)
            with Store.open(settings.database_url) as store:
                Watch(store, campaign, argilla, log.info, plan, stopped).run()
        except (AnnotationError, SettingsError, StoreError) as error:
            if str(error) != complaint:
                log.warning("%s; it is tried again every %g s", error, AGAIN_SECONDS)
            complaint = str(error)
            stopped.wait(AGAIN_SECONDS)
