"""Perform one run as a child process of a worker, and stop when the worker dies."""

import os
import signal
import sys
import threading

from timbre.__main__ import main


def _stop_with_parent() -> None:
    """Wait until standard input closes, then stop this process as the worker would."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv[1:1] = ["run", "perform"]
    main()
