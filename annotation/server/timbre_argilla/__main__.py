"""Serve Argilla: `python -m timbre_argilla HOME --port 6900`."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from timbre_argilla.credentials import credentials_from
from timbre_argilla.errors import LaunchError
from timbre_argilla.launch import launch
from timbre_argilla.logs import StderrLogger, configure_logging
from timbre_argilla.options import Options
from timbre_argilla.rq_worker import check_worker, run_worker


def main() -> int:
    """Run the server, and return the exit status: 0 after a normal stop, or 1 if it can't start."""
    parser = argparse.ArgumentParser(prog="timbre_argilla", description=__doc__)
    parser.add_argument("home", type=Path, help="folder for the server's data")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=6900, help="port to listen on (0 means any free port)"
    )
    parser.add_argument("--database-url", default="", help="PostgreSQL URL (default: SQLite)")
    parser.add_argument(
        "--attached",
        action="store_true",
        help="read the database URL (one line, empty for SQLite) from standard input to keep its "
        "password out of process lists, and stop when standard input closes",
    )
    parser.add_argument(
        "--environment",
        action="store_true",
        help="read URLs and secrets from the TIMBRE_SERVER_… environment variables (for "
        "containers)",
    )
    parser.add_argument(
        "--custom-fields",
        action="store_true",
        default=bool(os.environ.get("TIMBRE_ARGILLA_CUSTOM_FIELDS")),
        help="run the scripts of custom fields in sandboxed frames (same as "
        "TIMBRE_ARGILLA_CUSTOM_FIELDS=1)",
    )
    parser.add_argument(
        "--open-reviews",
        action="store_true",
        default=bool(os.environ.get("TIMBRE_ARGILLA_OPEN_REVIEWS")),
        help="let annotators read other people's responses and hidden metadata through "
        "the API (same as TIMBRE_ARGILLA_OPEN_REVIEWS=1)",
    )
    parser.add_argument("--worker", action="store_true", help="only run jobs from the Redis queue")
    parser.add_argument(
        "--check-worker", action="store_true", help="check whether the worker is healthy"
    )
    try:
        _run(parser.parse_args())
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(arguments: argparse.Namespace) -> None:
    options = _options(arguments)
    if not arguments.environment:
        if arguments.attached:
            threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
        return launch(options)
    credentials = credentials_from(os.environ)
    configure_logging(options.json_log, options.secrets(credentials))
    sys.stderr = StderrLogger()
    if arguments.check_worker:
        return check_worker(options)
    return (run_worker if arguments.worker else launch)(options, credentials)


def _options(arguments: argparse.Namespace) -> Options:
    variables = os.environ if arguments.environment else {}
    url = arguments.database_url
    if arguments.attached:
        url = sys.stdin.readline().strip()
    hosts = os.environ.get("TIMBRE_ARGILLA_ALLOWED_HOSTS", "")
    return Options(
        arguments.home.resolve(),
        arguments.host,
        arguments.port,
        database_url=variables.get("TIMBRE_SERVER_DATABASE_URL", url),
        redis_url=variables.get("TIMBRE_SERVER_REDIS_URL", ""),
        elasticsearch_url=variables.get("TIMBRE_SERVER_ELASTICSEARCH_URL", ""),
        json_log=variables.get("TIMBRE_SERVER_LOG") == "json",
        allowed_hosts=tuple(filter(None, map(str.strip, hosts.lower().split(",")))),
        custom_fields=arguments.custom_fields,
        open_reviews=arguments.open_reviews,
    )


def _stop_at_end_of_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
