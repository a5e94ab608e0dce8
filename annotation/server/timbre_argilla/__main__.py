"""Serve Argilla: `python -m timbre_argilla HOME --port 6900`."""

import argparse
import sys
from pathlib import Path

from timbre_argilla.errors import LaunchError
from timbre_argilla.launch import launch
from timbre_argilla.options import Options


def main() -> int:
    """Serve until told to stop; 0 when stopped, 1 when the server could not start."""
    parser = argparse.ArgumentParser(prog="timbre_argilla", description=__doc__)
    parser.add_argument("home", type=Path, help="folder of the server's own")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=6900, help="port to listen at; 0 takes any")
    parser.add_argument(
        "--database-url",
        default="",
        help="a PostgreSQL URL, or - to read it from standard input, where no list of processes "
        "shows its password; SQLite in HOME without it",
    )
    asked = parser.parse_args()
    url = sys.stdin.readline().strip() if asked.database_url == "-" else asked.database_url
    try:
        launch(Options(asked.home.resolve(), asked.host, asked.port, url))
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
