"""Slow down password guessing: failed logins delay later ones, per account and per address."""

import hashlib
import sqlite3
import time
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

MAX_DELAY_SECONDS = 300
RETENTION_SECONDS = 3600
"""The number of seconds after which the failed logins of an account or address are forgotten."""

client_address: ContextVar[str] = ContextVar("client_address", default="")
"""The client address of the current request."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login attempt, which is either allowed now or has to wait.

    Attributes:
        account: The key under which failures of the account are counted.
        address: The key under which failures from the client's address are counted.
        wait: The number of seconds to wait before the next attempt, or 0 if this attempt is
            allowed.
    """

    account: str
    address: str
    wait: float


class LoginThrottle:
    """Counts failed logins in a file, so that a restart doesn't reset them.

    The first 5 failures of an account cause no delay, and neither do the first 20 failures from an
    address, which several people may share. Each further failure doubles the delay, from one second
    up to five minutes.
    """

    def __init__(self, path: Path) -> None:
        """Open the file that stores the failed logins."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may lose the last failures, but no login waits for the disk.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS logins "
            "(key TEXT PRIMARY KEY, failures INTEGER NOT NULL, last REAL NOT NULL)"
        )
        path.chmod(0o600)

    def start(self, username: str, address: str) -> Attempt:
        """Start a login attempt.

        An attempt counts as failed until `succeed` is called, so that passwords guessed in parallel
        are counted, too.
        """
        now = time.time()
        # The name is hashed, because people mistakenly type passwords as names.
        account = f"account {hashlib.sha256(username.encode()).hexdigest()}"
        address = f"address {address}"
        wait = max(self._wait(account, 5, now), self._wait(address, 20, now))
        if not wait:
            self._db.execute("DELETE FROM logins WHERE last < ?", (now - RETENTION_SECONDS,))
            for key in (account, address):
                self._db.execute(
                    "INSERT INTO logins VALUES (?, 1, ?) ON CONFLICT (key) "
                    "DO UPDATE SET failures = failures + 1, last = excluded.last",
                    (key, now),
                )
        return Attempt(account, address, wait)

    def succeed(self, attempt: Attempt) -> None:
        """Mark a login attempt as successful, and reset the failure count of the account."""
        self._db.execute("DELETE FROM logins WHERE key = ?", (attempt.account,))
        self._db.execute(
            "UPDATE logins SET failures = failures - 1 WHERE key = ?", (attempt.address,)
        )

    def _wait(self, key: str, free: int, now: float) -> float:
        query = "SELECT failures, last FROM logins WHERE key = ?"
        failures, last = self._db.execute(query, (key,)).fetchone() or (0, now)
        if failures < free:
            return 0.0
        delay = min(2.0 ** min(failures - free, 20), MAX_DELAY_SECONDS)
        return max(0.0, float(last) + delay - now)
