"""Commands for the checkout's running stack, through compose (`COMPOSE`, `CRASH`)."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))
CRASH = shlex.split(os.environ.get("CRASH", ""))


def log(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def compose(*arguments: str, check: bool = True) -> str:
    result = subprocess.run(
        [*COMPOSE, *arguments], capture_output=True, text=True, cwd=Path.cwd(), check=False
    )
    if check and result.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {result.stderr[-2000:]}")
    return result.stdout


def query(database: str, statement: str) -> list[str]:
    """The lines of PostgreSQL's answer."""
    options = ("--username=postgres", f"--dbname={database}", "--tuples-only", "--no-align")
    output = compose("exec", "-T", "postgres", "psql", *options, f"--command={statement}")
    return output.splitlines()


def crash(service: str) -> None:
    """Kill a service's main process from outside, so that its restart policy applies."""
    if CRASH:
        subprocess.run([*CRASH, service], check=True, capture_output=True, cwd=Path.cwd())
        return
    container = compose("ps", "--quiet", service).strip()
    result = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", container],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(result.stdout), 9)
