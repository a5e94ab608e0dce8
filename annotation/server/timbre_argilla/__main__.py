"""Serve Argilla: `python -m timbre_argilla HOME --port 6900`."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from timbre_argilla.credentials import given_credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.launch import launch
from timbre_argilla.logs import Lines, set_up
from timbre_argilla.options import Options
from timbre_argilla.queue_worker import check, work


def main() -> int:
    """Serve until told to stop; 0 when stopped, 1 when the server could not start."""
    parser = argparse.ArgumentParser(prog="timbre_argilla", description=__doc__)
    parser.add_argument("home", type=Path, help="folder of the server's own")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=6900, help="port to listen at; 0 takes any")
    parser.add_argument("--database-url", default="", help="PostgreSQL; SQLite in HOME without")
    parser.add_argument(
        "--attached",
        action="store_true",
        help="read the database URL (a line, empty for SQLite) from standard input, where no list "
        "of processes shows its password, and stop when that closes",
    )
    parser.add_argument(
        "--environment",
        action="store_true",
        help="take URLs and secrets from the variables TIMBRE_SERVER_… (for containers)",
    )
    parser.add_argument(
        "--custom-fields",
        action="store_true",
        default=bool(os.environ.get("TIMBRE_ARGILLA_CUSTOM_FIELDS")),
        help="let custom fields run scripts (also TIMBRE_ARGILLA_CUSTOM_FIELDS=1); scripts in "
        "records' texts then run too",
    )
    parser.add_argument("--worker", action="store_true", help="run Redis's jobs, serve nothing")
    parser.add_argument("--check-worker", action="store_true", help="see that the worker lives")
    asked = parser.parse_args()
    if asked.environment:
        return _ended(partial(_in_container, asked))
    url = asked.database_url
    if asked.attached:
        url = sys.stdin.readline().strip()
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    options = Options(
        asked.home.resolve(), asked.host, asked.port, url, custom_fields=asked.custom_fields
    )
    return _ended(partial(launch, options))


def _in_container(asked: argparse.Namespace) -> None:
    options = Options(
        asked.home.resolve(),
        asked.host,
        asked.port,
        database_url=os.environ.get("TIMBRE_SERVER_DATABASE_URL", ""),
        redis_url=os.environ.get("TIMBRE_SERVER_REDIS_URL", ""),
        elasticsearch_url=os.environ.get("TIMBRE_SERVER_ELASTICSEARCH_URL", ""),
        json_log=os.environ.get("TIMBRE_SERVER_LOG") == "json",
        custom_fields=asked.custom_fields,
    )
    act = check if asked.check_worker else work if asked.worker else launch
    credentials = given_credentials(os.environ)
    set_up(options.json_log, options.secrets(credentials))
    sys.stderr = Lines()
    act(options, credentials)


def _ended(act: Callable[[], None]) -> int:
    try:
        act()
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _stop_at_end_of_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
