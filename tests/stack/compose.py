"""The stack of the checkout that one stands in, reached through compose (`COMPOSE`, `CRASH`)."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

COMPOSE = shlex.split(os.environ.get("COMPOSE", "docker compose"))
CRASH = shlex.split(os.environ.get("CRASH", ""))


def say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def compose(*words: str, check: bool = True) -> str:
    done = subprocess.run(
        [*COMPOSE, *words], capture_output=True, text=True, cwd=Path.cwd(), check=False
    )
    if check and done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def query(database: str, statement: str) -> list[str]:
    """The lines that PostgreSQL answers with."""
    words = ("--username=postgres", f"--dbname={database}", "--tuples-only", "--no-align")
    told = compose("exec", "-T", "postgres", "psql", *words, f"--command={statement}")
    return told.splitlines()


def crash(service: str) -> None:
    """Kill a service's main process from outside, so that its restart policy applies."""
    if CRASH:
        subprocess.run([*CRASH, service], check=True, capture_output=True, cwd=Path.cwd())
        return
    container = compose("ps", "--quiet", service).strip()
    told = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", container],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(told.stdout), 9)
