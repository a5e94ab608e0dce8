"""Compare every row of both databases and every file of the runs before and after a restore.

    python -m tests.stack.roundtrip            in a checkout whose stack is up and idle
    COMPOSE=… python -m tests.stack.roundtrip  with another compose

It counts and hashes everything, runs `make backup`, removes and adds things, checks that this
shows, and runs `make restore`, after which everything must be as before. A backup with one changed
byte must be rejected without changing anything. The exit status is 1 if a check fails.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.stack.compose import COMPOSE, compose, log, query

IGNORED_TABLES = {"webhooks"}
"""Tables that change on every start: Timbre's worker registers its webhooks again."""

State = dict[str, str]
"""A table's row count and hash, or a file's hash, by name."""


def stack_state() -> State:
    return {**table_state("argilla"), **table_state("timbre"), **file_state()}


def table_state(database: str) -> State:
    names = query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    row = "SELECT '{0}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{0}\" t"
    statement = " UNION ALL ".join(row.format(name) for name in names if name not in IGNORED_TABLES)
    rows = (line.split("|", 1) for line in query(database, statement))
    return {f"{database}.{name}": values for name, values in rows}


def file_state() -> State:
    find = "cd /data && find . -type f ! -name '*.lock' ! -name '*.part' -exec sha256sum {} +"
    output = compose("exec", "-T", "timbre", "sh", "-c", find)
    pairs = (line.split(maxsplit=1) for line in output.splitlines())
    return {name: digest for digest, name in pairs}


def summary(state: State) -> str:
    rows = dict.fromkeys(("argilla", "timbre"), 0)
    for name, values in state.items():
        database = name.partition(".")[0]
        if database in rows:
            rows[database] += int(values.split("|")[0])
    files = sum(name.startswith("./") for name in state)
    return f"{rows['argilla']} and {rows['timbre']} rows, {files} files"


def differences(one: State, other: State) -> list[str]:
    return sorted(n for n in one.keys() | other.keys() if one.get(n) != other.get(n))


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", *arguments, f"COMPOSE={' '.join(COMPOSE)}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def backup() -> Path:
    start = time.monotonic()
    result = make("backup")
    if result.returncode:
        raise SystemExit(result.stderr[-2000:])
    folder = Path(result.stdout.strip().splitlines()[-1])
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    log(f"backed up in {time.monotonic() - start:.0f} s, {size:.1f} MB: {folder}")
    return folder


def change_stack() -> None:
    """Remove rows from both databases and a file from the runs, and add a file."""
    query("argilla", "DELETE FROM responses")
    query("timbre", "DELETE FROM reviews")
    script = 'rm "$(find runs -name "*.safetensors" | head -n 1)" && echo later > runs/later'
    compose("exec", "-T", "timbre", "sh", "-c", f"cd /data && {script}")


def rejects_damaged(folder: Path) -> bool:
    """Whether a copy of a backup with one changed byte is rejected and changes nothing."""
    before = stack_state()
    with tempfile.TemporaryDirectory() as home:
        copy = Path(shutil.copytree(folder, Path(home) / "damaged"))
        content = bytearray((copy / "timbre.dump").read_bytes())
        content[len(content) // 2] ^= 1
        (copy / "timbre.dump").write_bytes(content)
        result = make("restore", f"FROM={copy}")
    log(f"a damaged backup: {result.stderr.strip().splitlines()[-2]}")
    return result.returncode != 0 and stack_state() == before


def restore(folder: Path) -> None:
    start = time.monotonic()
    result = make("restore", f"FROM={folder}")
    if result.returncode:
        raise SystemExit(result.stderr[-2000:])
    log(f"restored in {time.monotonic() - start:.0f} s")


def main() -> int:
    before = stack_state()
    log(f"before: {summary(before)}")
    folder = backup()
    change_stack()
    changed = stack_state()
    log(f"changed: {summary(changed)}; different: {', '.join(differences(before, changed))}")
    is_rejected = rejects_damaged(folder)
    restore(folder)
    after = stack_state()
    different = ", ".join(differences(before, after)) or "nothing"
    log(f"after: {summary(after)}; different: {different}")
    return int(before != after or len(differences(before, changed)) < 4 or not is_rejected)


if __name__ == "__main__":
    sys.exit(main())
