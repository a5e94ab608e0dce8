"""Waiting while people work in the web UI."""

import time

from annotation.connect import Connection
from annotation.progress import dataset_progress
from timbre.console import Advance

_SECONDS = 3.0


def wait_for_people(connection: Connection, dataset: str, advance: Advance) -> None:
    """Wait until every record of a dataset has as many reviews as it needs."""
    while True:
        found = dataset_progress(connection, dataset)
        advance(found.completed, found.total)
        if found.completed >= found.total:
            return
        time.sleep(_SECONDS)
