"""Logins, API keys, and what the log says about invalid requests."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.examples import SETTINGS, wait_until
from timbre_argilla.web.logins import LoginThrottle

from tests.conftest import Server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The current time, as a list with one item that a test can change."""
    now = [1e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def fail(throttle: LoginThrottle, times: int, address: str = "") -> list[float]:
    """Fail to log in, and return how long each attempt had to wait."""
    return [throttle.start("ada", address or f"10.0.0.{n}").wait for n in range(times)]


def test_after_five_failures_an_account_waits_longer_each_time(
    tmp_path: Path, clock: list[float]
) -> None:
    throttle = LoginThrottle(tmp_path / "logins.db")
    assert fail(throttle, 5) == [0] * 5
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        assert fail(throttle, 1) == [delay]
        clock[0] += delay - 0.5
        assert fail(throttle, 1) == [0.5]
        clock[0] += 0.5
        assert fail(throttle, 1) == [0]
    assert throttle.start("bob", "10.0.0.1").wait == 0


def test_after_twenty_failures_an_address_waits(tmp_path: Path, clock: list[float]) -> None:
    throttle = LoginThrottle(tmp_path / "logins.db")
    waits = [throttle.start(f"user{n}", "10.0.0.1").wait for n in range(22)]
    assert waits == [0] * 20 + [1, 1]
    assert throttle.start("user1", "10.0.0.2").wait == 0


def test_a_success_resets_the_account_but_not_the_address(
    tmp_path: Path, clock: list[float]
) -> None:
    throttle = LoginThrottle(tmp_path / "logins.db")
    for _ in range(6):
        assert fail(throttle, 3, "10.0.0.1") == [0] * 3
        throttle.succeed(throttle.start("ada", "10.0.0.1"))
    assert fail(throttle, 3, "10.0.0.1") == [0, 0, 1]


def test_failures_survive_a_restart_and_expire(tmp_path: Path, clock: list[float]) -> None:
    fail(LoginThrottle(tmp_path / "logins.db"), 5)
    assert fail(LoginThrottle(tmp_path / "logins.db"), 1) == [1]
    clock[0] += 3601
    assert fail(LoginThrottle(tmp_path / "logins.db"), 5) == [0] * 5
    assert (tmp_path / "logins.db").stat().st_mode & 0o077 == 0


def log_in(server: Server, name: str, password: str) -> Any:
    return server.client.post("/token", data={"username": name, "password": password})


def test_failed_logins_dont_tell_whether_the_account_exists(tmp_path: Path) -> None:
    server = Server(tmp_path / "home").start()
    workspace, _ = server.create_dataset("logins", SETTINGS)
    server.user("ada", workspace)
    for name in ("ada", "nobody"):
        guesses = [(server, name, f"guess {n}") for n in range(12)]
        with ThreadPoolExecutor(len(guesses)) as pool:
            answers = list(pool.map(log_in, *zip(*guesses, strict=True)))
        failures = [answer for answer in answers if answer.status_code == 401]
        rejections = [answer for answer in answers if answer.status_code == 429]
        # On a busy machine, a late guess may arrive after the first delay.
        assert len(failures) >= 5
        assert rejections
        assert len({answer.text for answer in failures}) == 1
        assert {answer.json()["detail"] for answer in rejections} == {
            "Too many failed logins. Wait before you try again."
        }
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in rejections)
        assert len(failures) + len(rejections) == len(guesses)
    right = "the password of ada"
    assert wait_until(lambda: log_in(server, "ada", right).status_code == 201)
    assert log_in(server, "ada", "a wrong guess").status_code == 401
    assert server.stop() == 0
    log = server.read_log()
    for account in ("account ada", "an unknown account"):
        assert log.count(f"Failed login to {account} from 127.0.0.1") >= 5
    assert "nobody" not in log


def test_only_a_whole_api_key_is_accepted(server: Server) -> None:
    key = server.client.headers["X-Argilla-Api-Key"]
    for guess, status in ((key, 200), (key[:-1], 401), (f"{key}x", 401), ("é", 401)):
        answer = server.client.get("/me", headers={b"X-Argilla-Api-Key": guess.encode()})
        assert answer.status_code == status


def test_passwords_in_invalid_requests_are_not_logged(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "server.log").touch(0o644)
    server = Server(home).start()
    user = {"first_name": "Ada", "role": "annotator", "password": "hush"}
    owner = server.request("GET", "/me")["id"]
    invalid = (
        server.client.post("/users", json=user),
        server.client.post("/users", json={**user, "username": "ada", "password": "hush" * 30}),
        server.client.patch(f"/users/{owner}", json={"password": "hush"}),
        server.client.post("/token", data={"password": "hush"}),
    )
    assert [answer.status_code for answer in invalid] == [422] * 4
    assert not any("hush" in answer.text for answer in invalid)
    assert server.stop() == 0
    assert "Invalid request: body.username (missing), body.password (string_too_short)" in (
        server.read_log()
    )
    assert "hush" not in server.read_log()
    assert (home / "server.log").stat().st_mode & 0o077 == 0
