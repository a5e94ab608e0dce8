"""Fairness between clients."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import pytest
from timbre_argilla.web.turns import BURST_SECONDS, MAX_STEP_SECONDS, SHARE, Requester, Turns

OWNER = "owner"


async def ignore(*_: Any) -> Any:
    """Receive or send nothing."""


async def run(turns: Turns, credentials: str, work: Awaitable[None], user: str = "") -> None:
    """Do some work in a request with these credentials; they are valid if they are a user's."""
    headers = [(b"authorization", credentials.encode())]
    state = {"requester": Requester(user, is_admin=user == OWNER)} if user else {}
    scope = {"headers": headers, "client": ("127.0.0.1", 1), "state": state}

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await work
        await send({})

    await turns.run(app, scope, ignore, ignore)


async def use(turns: Turns, user: str, seconds: float) -> None:
    """Send a user's request that takes this much CPU time in one step."""

    async def work() -> None:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    await run(turns, user, work(), user)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long requests had to wait, while the clock stands still."""
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    clock = SimpleNamespace(monotonic=lambda: 1000.0, thread_time=time.thread_time)
    monkeypatch.setattr("timbre_argilla.web.turns.time", clock)
    monkeypatch.setattr("timbre_argilla.web.turns.sleep", sleep)
    return seconds


async def test_a_client_has_one_request_handled_at_a_time() -> None:
    turns, running, most = Turns(), Counter[str](), Counter[str]()

    async def handle(user: str) -> None:
        running[user] += 1
        most[user] = max(most[user], running[user])
        await asyncio.sleep(0.001)
        running[user] -= 1

    users = {"key 1": "ada", "key 2": "ada", "key 3": "bob", "key 4": OWNER}
    for credentials, user in users.items():
        await run(turns, credentials, ignore(), user)
    many = [*users, "invented 1", "invented 2"] * 5
    await asyncio.gather(*(run(turns, one, handle(users.get(one, "nobody"))) for one in many))
    assert most == {"ada": 1, "bob": 1, OWNER: 5, "nobody": 1}


async def test_a_slow_reader_doesnt_keep_others_waiting() -> None:
    turns, reading, end = Turns(), asyncio.Event(), asyncio.Event()

    async def read_slowly(_: Any) -> None:
        reading.set()
        await end.wait()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({})

    slow = {"headers": [], "client": ("127.0.0.1", 1)}
    task = asyncio.create_task(turns.run(app, slow, ignore, read_slowly))
    await reading.wait()
    await run(turns, "", ignore())
    end.set()
    await task


async def test_a_busy_client_waits_if_there_are_others(sleeps: list[float]) -> None:
    turns = Turns()
    for seconds in (0, BURST_SECONDS + 0.2, 0):
        await use(turns, "eve", seconds)
    assert sleeps == []
    await use(turns, "ada", 0)
    await use(turns, "eve", 0)
    (seconds,) = sleeps
    assert 0.1 / SHARE < seconds < 0.4 / SHARE
    await use(turns, "ada", 0)
    assert len(sleeps) == 1


async def test_owners_and_admins_dont_wait(sleeps: list[float]) -> None:
    turns = Turns()
    await use(turns, "ada", 0)
    for seconds in (0, BURST_SECONDS + 0.2, 0):
        await use(turns, OWNER, seconds)
    assert sleeps == []


async def test_a_long_step_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    turns = Turns()
    for user, count in ((OWNER, 0), ("eve", 1)):
        await use(turns, user, MAX_STEP_SECONDS + 0.05)
        assert caplog.text.count("kept others waiting for 0.2") == count


async def test_a_request_can_fail_or_be_cancelled() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise KeyError

    turns = Turns()
    for _ in range(2):
        with pytest.raises(KeyError):
            await run(turns, "", fail())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(turns, "", asyncio.sleep(60)), 0.01)
