"""What a backup brings back: every row of both databases and every file of the runs, compared.

    python -m tests.stack.roundtrip            in a checkout whose stack is up and has nothing to do
    COMPOSE=… python -m tests.stack.roundtrip  with another compose

It counts and hashes everything, runs `make backup`, removes and adds things, sees that this shows,
and runs `make restore`: everything must be as it was. A backup of which one byte was changed must
be refused with everything left as it is. Exit status 1 if not.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.stack.compose import COMPOSE, compose, query, say

STARTS_ANEW = {"webhooks"}
"""Tables that a start writes: Timbre's worker makes its webhooks when it comes up."""

State = dict[str, str]
"""What there is, by name: a table's number of rows and their hash, a file's hash."""


def state() -> State:
    return {**tables("argilla"), **tables("timbre"), **files()}


def tables(database: str) -> State:
    names = query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    row = "SELECT '{0}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{0}\" t"
    every = " UNION ALL ".join(row.format(name) for name in names if name not in STARTS_ANEW)
    found = (line.split("|", 1) for line in query(database, every))
    return {f"{database}.{name}": told for name, told in found}


def files() -> State:
    find = "cd /data && find . -type f ! -name '*.lock' ! -name '*.part' -exec sha256sum {} +"
    told = compose("exec", "-T", "timbre", "sh", "-c", find)
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in told.splitlines())}


def counted(found: State) -> str:
    rows = dict.fromkeys(("argilla", "timbre"), 0)
    for name, told in found.items():
        base = name.partition(".")[0]
        if base in rows:
            rows[base] += int(told.split("|")[0])
    held = sum(name.startswith("./") for name in found)
    return f"{rows['argilla']} and {rows['timbre']} rows, {held} files"


def different(one: State, other: State) -> list[str]:
    return sorted(n for n in one.keys() | other.keys() if one.get(n) != other.get(n))


def make(*words: str) -> subprocess.CompletedProcess[str]:
    given = f"COMPOSE={' '.join(COMPOSE)}"
    return subprocess.run(["make", *words, given], capture_output=True, text=True, check=False)


def backup() -> Path:
    began = time.monotonic()
    done = make("backup")
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    folder = Path(done.stdout.strip().splitlines()[-1])
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    say(f"backed up in {time.monotonic() - began:.0f} s, {size:.1f} MB: {folder}")
    return folder


def change() -> None:
    """Take rows from both databases, a file from the runs, and add one."""
    query("argilla", "DELETE FROM responses")
    query("timbre", "DELETE FROM reviews")
    script = 'rm "$(find runs -name "*.safetensors" | head -n 1)" && echo later > runs/later'
    compose("exec", "-T", "timbre", "sh", "-c", f"cd /data && {script}")


def refuses_damaged(folder: Path) -> bool:
    """Whether a copy of a backup with one byte changed is refused and changes nothing."""
    before = state()
    with tempfile.TemporaryDirectory() as home:
        copy = Path(shutil.copytree(folder, Path(home) / "damaged"))
        held = bytearray((copy / "timbre.dump").read_bytes())
        held[len(held) // 2] ^= 1
        (copy / "timbre.dump").write_bytes(held)
        done = make("restore", f"FROM={copy}")
    say(f"a damaged backup: {done.stderr.strip().splitlines()[-2]}")
    return done.returncode != 0 and state() == before


def restore(folder: Path) -> None:
    began = time.monotonic()
    done = make("restore", f"FROM={folder}")
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    say(f"restored in {time.monotonic() - began:.0f} s")


def main() -> int:
    before = state()
    say(f"before: {counted(before)}")
    folder = backup()
    change()
    changed = state()
    say(f"changed: {counted(changed)}; otherwise: {', '.join(different(before, changed))}")
    refused = refuses_damaged(folder)
    restore(folder)
    after = state()
    say(f"after: {counted(after)}; otherwise: {', '.join(different(before, after)) or 'nothing'}")
    return int(before != after or len(different(before, changed)) < 4 or not refused)


if __name__ == "__main__":
    sys.exit(main())
