"""Fixtures: servers on SQLite and on a temporary PostgreSQL, used over HTTP."""

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
from tests.examples import Receiver, send

SYSTEM_BINARIES = Path("/usr/lib/postgresql")
PACKAGE = Path(__file__).parents[1]

# Each example uses a server, on a machine that may be busy.
settings.register_profile("server", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("server")

PROCESSES: list["subprocess.Popen[str]"] = []


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
        """Start the server and wait until it answers."""
        self.process = self.launch()
        deadline = time.monotonic() + 300
        while self.announcement().get("pid") != self.process.pid:
            assert self.process.poll() is None, self.read_log()
            assert time.monotonic() < deadline, self.read_log()
            time.sleep(0.05)
        owner = json.loads((self.home / "credentials.json").read_text())
        self.client = httpx.Client(
            base_url=f"{self.announcement()['url']}/api/v1",
            headers={"X-Argilla-Api-Key": owner["api_key"]},
            timeout=60,
        )
        return self

    def launch(self) -> "subprocess.Popen[str]":
        """Start the process, which logs to a file beside the home."""
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
        PROCESSES.append(process)
        return process

    def announcement(self) -> dict[str, Any]:
        """The contents of `server.json`; empty until the server is ready."""
        try:
            contents: dict[str, Any] = json.loads((self.home / "server.json").read_text())
        except (OSError, ValueError):
            return {}
        return contents

    def read_log(self) -> str:
        """The server's output so far."""
        return self.home.with_suffix(".log").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        assert self.process is not None
        self.client.close()
        self.process.send_signal(number)
        return self.process.wait(30)

    def user(self, name: str, workspace: str) -> httpx.Client:
        """Log in as an annotator, who is created if needed."""
        password = f"the password of {name}"
        creation = self.client.post(
            "/users",
            json={"username": name, "first_name": name, "password": password, "role": "annotator"},
        )
        if creation.status_code == 201:
            body = {"user_id": creation.json()["id"]}
            self.request("POST", f"/workspaces/{workspace}/users", body)
        token = self.client.post("/token", data={"username": name, "password": password})
        bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
        return httpx.Client(base_url=self.client.base_url, headers=bearer, timeout=60)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request as the owner and return the decoded response; an error fails the test."""
        return send(self.client, method, path, body)

    def create_dataset(
        self, name: str, settings: dict[str, list[dict[str, Any]]]
    ) -> tuple[str, str]:
        """Create and publish a dataset; return the ids of its workspace and itself."""
        workspaces = self.request("GET", "/me/workspaces")["items"]
        ids = {one["name"]: one["id"] for one in workspaces}
        workspace = ids.get("w") or self.request("POST", "/workspaces", {"name": "w"})["id"]
        body = {"name": name, "workspace_id": workspace}
        dataset: str = self.request("POST", "/datasets", body)["id"]
        for kind, items in settings.items():
            for item in items:
                body = {"title": item["name"], "required": False, **item}
                self.request("POST", f"/datasets/{dataset}/{kind}", body)
        self.request("PUT", f"/datasets/{dataset}/publish")
        return workspace, dataset

    def upload(self, dataset: str, body: dict[str, Any]) -> Any:
        """Upload records as the owner."""
        return self.request("PUT", f"/datasets/{dataset}/records/bulk", body)


@pytest.fixture(scope="session", autouse=True)
def stop_all_servers() -> Iterator[None]:
    """Kill the servers that failed tests left running."""
    yield
    for process in PROCESSES:
        process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite, shared by the tests of a file."""
    shared = Server(tmp_path_factory.mktemp("server") / "home").start()
    yield shared
    assert shared.stop() == 0, shared.read_log()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Callable[[str], str]]:
    """A function that creates an empty PostgreSQL database of a name and returns its URL."""
    programs = next(iter(sorted(SYSTEM_BINARIES.glob("*/bin"), reverse=True)), None)
    if programs is None or not (programs / "initdb").exists():
        missing = "needs PostgreSQL's server binaries"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    user = "postgres" if os.geteuid() == 0 else None
    # A socket's path is limited to 107 bytes, which pytest's folders can exceed.
    home = Path(tempfile.mkdtemp(prefix="timbre-pg-"))
    if user:
        shutil.chown(home, user)

    def run(program: str, *arguments: str) -> None:
        # A file, because the daemon would inherit a pipe and keep it open.
        with (home / "log").open("ab") as log:
            command = [str(programs / program), *arguments]
            subprocess.run(command, check=True, user=user, cwd=home, stdout=log, stderr=log)

    def create(name: str) -> str:
        run("createdb", f"--host={home}", "--username=timbre", name)
        return f"postgresql://timbre@/{name}?host={home}"

    data = str(home / "data")
    options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off"
    try:
        run("initdb", "--auth=trust", "--username=timbre", "--encoding=UTF8", "--no-sync", data)
        run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--options={options}")
        try:
            yield create
        finally:
            run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    shared = Receiver()
    yield shared
    shared.server.shutdown()
    shared.server.server_close()
