"""A folder is used by one process at a time; others stop or wait."""

import threading
from pathlib import Path

import pytest

from trainer.errors import RunLockedError
from trainer.lock import lock_folder


def test_a_second_user_of_a_folder_is_rejected_or_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def use_after_waiting() -> None:
        with lock_folder(tmp_path, wait=True):
            order.append("second")

    with lock_folder(tmp_path):
        with pytest.raises(RunLockedError, match="Another process is using"):
            lock_folder(tmp_path).__enter__()
        second = threading.Thread(target=use_after_waiting)
        second.start()
        second.join(0.2)
        assert second.is_alive()
        order.append("first")
    second.join(5)
    assert order == ["first", "second"]
