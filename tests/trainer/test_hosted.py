"""Fine-tuning jobs at a service, from a server that speaks its protocol on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from trainer.errors import TrainerError
from trainer.hosted import JOB, HostedResult, Service, tune


class Server(ThreadingHTTPServer):
    """Takes files and jobs; a job runs for two looks and then ends as `ends` says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: list[bytes] = []
        self.jobs: list[dict[str, Any]] = []
        self.looks = 0
        self.ends = "succeeded"
        self.breaks_at = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def job(self) -> dict[str, Any]:
        self.looks += 1
        ended = self.looks > 2
        status = self.ends if ended else "running"
        failed = status == "failed"
        return {
            "id": f"ftjob-{len(self.jobs)}", "object": "fine_tuning.job", "status": status,
            "model": "small", "created_at": 0, "hyperparameters": {}, "seed": 0,
            "organization_id": "o", "result_files": [], "training_file": "file-1",
            "fine_tuned_model": "ft:small:1" if status == "succeeded" else None,
            "trained_tokens": 77 if ended else None,
            "error": {"code": "bad", "message": "the file is odd", "param": None}
            if failed else None,
        }  # fmt: skip

    def events(self) -> dict[str, Any]:
        made = [
            {
                "id": f"e{number}", "object": "fine_tuning.job.event", "created_at": number,
                "level": "info", "message": f"step {number}",
            }
            for number in range(self.looks)
        ]  # fmt: skip
        return {"object": "list", "data": made[::-1], "has_more": False}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            self.server.files.append(body)
            self._answer({"id": f"file-{len(self.server.files)}", "object": "file"})
        else:
            self.server.jobs.append(json.loads(body))
            self.server.looks = 0
            answer = self.server.job()
            self.server.looks = 0
            self._answer(answer)

    def do_GET(self) -> None:
        if self.path.partition("?")[0].endswith("/events"):
            self._answer(self.server.events())
        elif self.server.breaks_at and self.server.looks + 1 == self.server.breaks_at:
            self.server.breaks_at = 0
            self._answer({"error": {"message": "away"}}, 403)
        else:
            self._answer(self.server.job())

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.jsonl").write_text('{"messages": ["train"]}\n')
    (folder / "validation.jsonl").write_text('{"messages": ["validation"]}\n')
    return folder


def quietly(line: str) -> None:
    """What is told, to nobody."""


def service(server: Server) -> Service:
    return Service("small", "a-key", server.url, seed=3, every=0.01, timeout=5)


def test_files_go_up_and_the_job_is_followed_to_its_model(
    server: Server, data: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    found = tune(data, tmp_path / "job", service(server), said.append)
    assert found == HostedResult("ftjob-1", "ft:small:1", 77)
    assert b'{"messages": ["train"]}' in server.files[0]
    assert b"fine-tune" in server.files[0]
    (job,) = server.jobs
    assert (job["model"], job["seed"]) == ("small", 3)
    assert (job["training_file"], job["validation_file"]) == ("file-1", "file-2")
    assert said == [f"job ftjob-1 at {server.url}", "step 0", "step 1", "step 2"]


def test_a_job_that_was_started_is_followed_and_not_paid_for_again(
    server: Server, data: Path, tmp_path: Path
) -> None:
    server.breaks_at = 2
    with pytest.raises(TrainerError, match=r"did not tune “small” .*run the command again"):
        tune(data, tmp_path / "job", service(server), quietly)
    assert tune(data, tmp_path / "job", service(server), quietly).model == "ft:small:1"
    assert len(server.jobs) == 1
    assert len(server.files) == 2


def test_a_job_that_failed_says_why_and_may_be_started_again(
    server: Server, data: Path, tmp_path: Path
) -> None:
    server.ends = "failed"
    with pytest.raises(TrainerError, match=r"the job ftjob-1 failed \(the file is odd\)"):
        tune(data, tmp_path / "job", service(server), quietly)
    assert not (tmp_path / "job" / JOB).exists()
    server.ends = "succeeded"
    assert tune(data, tmp_path / "job", service(server), quietly).job == "ftjob-2"


def test_another_job_s_folder_is_left_alone(server: Server, data: Path, tmp_path: Path) -> None:
    tune(data, tmp_path / "job", service(server), quietly)
    other = Service("large", "a-key", server.url, seed=3, every=0.01)
    with pytest.raises(TrainerError, match="found a job for small"):
        tune(data, tmp_path / "job", other, quietly)


def test_without_a_training_file_nothing_is_started(server: Server, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"found no train\.jsonl"):
        tune(tmp_path, tmp_path / "job", service(server), quietly)
    assert server.jobs == []
