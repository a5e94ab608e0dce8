"""Fine-tuning jobs at a service, from a server that speaks its protocol on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving import serving
from tests.trainer.finetune_service import Server
from trainer.errors import TrainerError
from trainer.finetune_api import JOB, FineTuneResult, Service, tune


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


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
    assert found == FineTuneResult("ftjob-1", "ft:small:1", 77)
    assert b'{"messages": ["train"]}' in server.files[0]
    assert b"fine-tune" in server.files[0]
    (job,) = server.jobs
    assert (job["model"], job["seed"]) == ("small", 3)
    assert job["method"]["supervised"] == {"hyperparameters": {"n_epochs": "auto"}}
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


def test_a_job_is_asked_for_so_many_passes_and_remembers_them(
    server: Server, data: Path, tmp_path: Path
) -> None:
    twice = replace(service(server), epochs=2)
    tune(data, tmp_path / "job", twice, quietly)
    assert server.jobs[0]["method"]["supervised"] == {"hyperparameters": {"n_epochs": 2}}
    assert tune(data, tmp_path / "job", twice, quietly).model == "ft:small:1"
    assert len(server.jobs) == 1
    with pytest.raises(TrainerError, match="found a job for small"):
        tune(data, tmp_path / "job", service(server), quietly)
