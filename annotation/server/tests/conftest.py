"""Running servers, on SQLite and on a throw-away PostgreSQL, driven over HTTP."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from tests.made import Listener, answer

SYSTEM_BINARIES = Path("/usr/lib/postgresql")
PACKAGE = Path(__file__).parents[1]

# Each example talks to a server on a machine that may be busy.
settings.register_profile("server", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("server")

LAUNCHED: list["subprocess.Popen[str]"] = []


@dataclass
class Server:
    """A server process and its owner's HTTP client."""

    home: Path
    database_url: str = ""
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None
    client: httpx.Client = field(default_factory=httpx.Client)

    def start(self) -> "Server":
        """Start it and wait until it answers."""
        self.process = self.launch()
        end = time.monotonic() + 300
        while self.announced().get("pid") != self.process.pid:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)
        owner = json.loads((self.home / "credentials.json").read_text())
        self.client = httpx.Client(
            base_url=f"{self.announced()['url']}/api/v1",
            headers={"X-Argilla-Api-Key": owner["api_key"]},
            timeout=60,
        )
        return self

    def launch(self) -> "subprocess.Popen[str]":
        """Start the process, with its words going to a file beside the home."""
        command = [sys.executable, "-m", "timbre_argilla", str(self.home)]
        command += ["--port", str(self.port), "--database-url", self.database_url]
        with self.home.with_suffix(".log").open("a") as log:
            process = subprocess.Popen(
                command,
                stderr=log,
                stdout=log,
                cwd=PACKAGE,
                text=True,
                env={**os.environ, **self.environment},
            )
        LAUNCHED.append(process)
        return process

    def announced(self) -> dict[str, Any]:
        """What the server says of itself once it is ready."""
        try:
            found: dict[str, Any] = json.loads((self.home / "server.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    def log(self) -> str:
        """What the server has said so far."""
        return self.home.with_suffix(".log").read_text()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return how the process ended."""
        assert self.process is not None
        self.client.close()
        self.process.send_signal(number)
        return self.process.wait(30)

    def user(self, name: str, workspace: str) -> httpx.Client:
        """A client of an annotator who is made if need be."""
        password = f"the password of {name}"
        made = self.client.post(
            "/users",
            json={"username": name, "first_name": name, "password": password, "role": "annotator"},
        )
        if made.status_code == 201:
            self.ask("POST", f"/workspaces/{workspace}/users", {"user_id": made.json()["id"]})
        token = self.client.post("/token", data={"username": name, "password": password})
        bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
        return httpx.Client(base_url=self.client.base_url, headers=bearer, timeout=60)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the owner, and take the answer apart; an error fails the test."""
        return answer(self.client, method, path, body)

    def dataset(self, name: str, parts: dict[str, list[dict[str, Any]]]) -> tuple[str, str]:
        """Make and publish a dataset; returns its workspace's and its own id."""
        found = {one["name"]: one["id"] for one in self.ask("GET", "/me/workspaces")["items"]}
        workspace = found.get("w") or self.ask("POST", "/workspaces", {"name": "w"})["id"]
        body = {"name": name, "workspace_id": workspace}
        dataset: str = self.ask("POST", "/datasets", body)["id"]
        for kind, items in parts.items():
            for item in items:
                body = {"title": item["name"], "required": False, **item}
                self.ask("POST", f"/datasets/{dataset}/{kind}", body)
        self.ask("PUT", f"/datasets/{dataset}/publish")
        return workspace, dataset


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_running() -> Iterator[None]:
    """Ends the servers that a failed test left behind."""
    yield
    for process in LAUNCHED:
        process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite that lives as long as a test file."""
    one = Server(tmp_path_factory.mktemp("server") / "home").start()
    yield one
    assert one.end() == 0, one.log()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Callable[[str], str]]:
    """Make an empty PostgreSQL database of a name, and give its URL."""
    programs = next(iter(sorted(SYSTEM_BINARIES.glob("*/bin"), reverse=True)), None)
    if programs is None or not (programs / "initdb").exists():
        missing = "needs PostgreSQL's server binaries"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    user = "postgres" if os.geteuid() == 0 else None
    # A socket's path may have 107 bytes at most, which pytest's own folders can exceed.
    home = Path(tempfile.mkdtemp(prefix="timbre-pg-"))
    if user:
        shutil.chown(home, user)

    def run(program: str, *arguments: str) -> None:
        # A daemon that inherits a pipe would keep it open for ever, so its words go to a file.
        with (home / "log").open("ab") as log:
            command = [str(programs / program), *arguments]
            subprocess.run(command, check=True, user=user, cwd=home, stdout=log, stderr=log)

    def make(name: str) -> str:
        run("createdb", f"--host={home}", "--username=timbre", name)
        return f"postgresql://timbre@/{name}?host={home}"

    data = str(home / "data")
    options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off"
    try:
        run("initdb", "--auth=trust", "--username=timbre", "--encoding=UTF8", "--no-sync", data)
        run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--options={options}")
        try:
            yield make
        finally:
            run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()
