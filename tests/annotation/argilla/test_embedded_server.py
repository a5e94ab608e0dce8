import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from annotation.argilla import embedded_server
from annotation.errors import AnnotationError


class Steps:
    """Records the installation's commands, and creates what `venv` would."""

    def __init__(self) -> None:
        self.run: list[list[str]] = []
        self.fail_at: int | None = None

    def __call__(self, step: list[str | Path]) -> None:
        self.run.append([str(part) for part in step])
        if self.fail_at == len(self.run):
            raise AnnotationError("the network is gone")
        if "venv" in step:
            python = Path(step[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    recorder = Steps()
    monkeypatch.setattr(embedded_server, "_run", recorder)
    return recorder


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the server's package that a test may change."""
    copy = tmp_path / "source"
    leave = shutil.ignore_patterns(".venv", "tests", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(embedded_server.SOURCE, copy, ignore=leave)
    monkeypatch.setattr(embedded_server, "SOURCE", copy)
    return copy


def test_an_environment_is_created_once(tmp_path: Path, steps: Steps) -> None:
    calls: list[tuple[int, int]] = []

    def install() -> Path:
        return embedded_server.install(tmp_path / "cache" / "env", lambda *c: calls.append(c))

    python = install()
    assert python.exists()
    assert calls == [(0, 2), (1, 2), (2, 2)]
    assert install() == python
    assert (len(steps.run), len(calls)) == (2, 3)


def test_an_interrupted_installation_starts_over(tmp_path: Path, steps: Steps) -> None:
    steps.fail_at = 2
    with pytest.raises(AnnotationError, match="network is gone"):
        embedded_server.install(tmp_path / "env")
    (environment,) = (tmp_path / "env").glob("python*")
    (environment / "half-made").touch()
    embedded_server.install(tmp_path / "env")
    assert ["venv" in step for step in steps.run] == [True, False, True, False]
    assert not (environment / "half-made").exists()


def test_each_set_of_libraries_has_its_own_environment(
    tmp_path: Path, steps: Steps, source: Path
) -> None:
    first = embedded_server.install(tmp_path)
    (source / "timbre_argilla" / "more.py").write_text("'''More.'''\n")
    assert embedded_server.install(tmp_path) == first
    constraints = (source / "constraints.txt").read_text()
    (source / "constraints.txt").write_text(f"{constraints}another==1.0\n")
    second = embedded_server.install(tmp_path)
    assert second != first
    (source / "constraints.txt").write_text(constraints)
    assert embedded_server.install(tmp_path) == first
    assert ["venv" in step for step in steps.run] == [True, False, True, False]
    assert first.exists()
    assert second.exists()


def test_parallel_installations_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()

    def slowly(step: list[str | Path]) -> None:
        time.sleep(0.2)
        steps(step)

    monkeypatch.setattr(embedded_server, "_run", slowly)
    threads = [
        threading.Thread(target=embedded_server.install, args=[tmp_path / "e"]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(steps.run) == 2


def test_a_failing_step_is_quoted() -> None:
    with pytest.raises(AnnotationError, match=r"can't be installed \(no such luck\)"):
        embedded_server._run([sys.executable, "-c", "import sys; sys.exit('no such luck')"])


def server_that(tmp_path: Path, does: str) -> Path:
    """A “Python” that ignores its arguments and runs a shell command."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{does}\n")
    python.chmod(0o755)
    return python


def test_the_log_of_a_failing_server_is_quoted(tmp_path: Path) -> None:
    python = server_that(tmp_path, "echo first; echo 'The disk is full.' >&2; exit 1")
    with pytest.raises(AnnotationError, match=r"didn't start: first / The disk is full\."):
        embedded_server.start(tmp_path / "home", python=python)


def test_the_log_of_an_earlier_start_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "server.log").write_text("old news\n")
    with pytest.raises(AnnotationError, match="exited without logging anything"):
        embedded_server.start(tmp_path / "home", python=server_that(tmp_path, "exit 1"))


def test_a_slow_server_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_server, "START_SECONDS", 1)
    home = tmp_path / "home"
    python = server_that(tmp_path, f"echo $$ > {tmp_path / 'pid'}; exec sleep 60")
    with pytest.raises(AnnotationError, match="didn't respond within 1 seconds"):
        embedded_server.start(home, python=python)
    pid = int((tmp_path / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists()


def test_the_database_url_is_not_in_the_command_line(tmp_path: Path) -> None:
    python = server_that(tmp_path, f'echo "$@" > {tmp_path / "arguments"}; head -n 1 >&2; exit 1')
    with pytest.raises(AnnotationError):
        embedded_server.start(
            tmp_path / "home", python=python, database_url="postgresql://timbre:secret@db/x"
        )
    assert "--attached" in (tmp_path / "arguments").read_text()
    assert "secret" not in (tmp_path / "arguments").read_text()


def test_the_owner_can_log_in(argilla_server: embedded_server.ServerProcess) -> None:
    owner = argilla_server.credentials
    me = httpx.get(f"{argilla_server.url}/api/v1/me", headers={"X-Argilla-Api-Key": owner.api_key})
    assert (me.json()["username"], me.json()["role"]) == (owner.username, "owner")
    login = {"username": owner.username, "password": owner.password}
    assert httpx.post(f"{argilla_server.url}/api/v1/token", data=login).status_code == 201


def test_a_second_server_in_the_same_home_is_rejected(
    argilla_server: embedded_server.ServerProcess,
) -> None:
    python = Path(str(argilla_server.process.args[0]))  # type: ignore[index] # a list, as we gave it
    with pytest.raises(
        AnnotationError, match=f"is already used by a server at {argilla_server.url}"
    ):
        embedded_server.start(argilla_server.home, python=python, port=0)
    assert argilla_server.process.poll() is None


def test_a_busy_port_is_reported(
    argilla_server: embedded_server.ServerProcess, tmp_path: Path
) -> None:
    python = Path(str(argilla_server.process.args[0]))  # type: ignore[index] # a list, as we gave it
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AnnotationError, match=f"Can't listen on 127.0.0.1 port {port} "):
            embedded_server.start(tmp_path / "home", python=python, port=port)


STARTER = """
import sys, time
from pathlib import Path
from annotation.argilla import embedded_server
server = embedded_server.start(Path(sys.argv[1]), python=Path(sys.argv[2]), port=0)
print(server.process.pid, flush=True)
time.sleep(600)
"""


def test_a_server_ends_with_the_process_that_started_it(
    argilla_server: embedded_server.ServerProcess, tmp_path: Path
) -> None:
    python = str(argilla_server.process.args[0])  # type: ignore[index] # a list, as we gave it
    command = [sys.executable, "-c", STARTER, str(tmp_path / "home"), python]
    root = Path(embedded_server.__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert json.loads((tmp_path / "home" / "server.json").read_text())["pid"] == pid
        starter.send_signal(signal.SIGKILL)
    assert until(lambda: not (tmp_path / "home" / "server.json").exists())


def until(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False
