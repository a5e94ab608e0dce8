"""Fine-tuning jobs at a service, with a local server in its place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving import serving
from tests.trainer.services.finetune_service import Server
from trainer.errors import TrainerError
from trainer.services.finetune_api import JOB, FineTuneResult, FineTuneService, fine_tune


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


def ignore(line: str) -> None:
    """Ignore a message."""


def service(server: Server) -> FineTuneService:
    return FineTuneService("small", "a-key", server.url, seed=3, every=0.01, timeout=5)


def test_files_are_uploaded_and_the_job_is_followed_to_its_model(
    server: Server, data: Path, tmp_path: Path
) -> None:
    messages: list[str] = []
    result = fine_tune(data, tmp_path / "job", service(server), messages.append)
    assert result == FineTuneResult("ftjob-1", "ft:small:1", 77)
    assert b'{"messages": ["train"]}' in server.files[0]
    assert b"fine-tune" in server.files[0]
    (job,) = server.jobs
    assert (job["model"], job["seed"]) == ("small", 3)
    assert job["method"]["supervised"] == {"hyperparameters": {"n_epochs": "auto"}}
    assert (job["training_file"], job["validation_file"]) == ("file-1", "file-2")
    assert messages == [f"job ftjob-1 at {server.url}", "step 0", "step 1", "step 2"]


def test_a_started_job_is_followed_and_not_started_again(
    server: Server, data: Path, tmp_path: Path
) -> None:
    server.fails_at = 2
    with pytest.raises(TrainerError, match=r"request to .* failed .*“small”.* again to continue"):
        fine_tune(data, tmp_path / "job", service(server), ignore)
    assert fine_tune(data, tmp_path / "job", service(server), ignore).model == "ft:small:1"
    assert len(server.jobs) == 1
    assert len(server.files) == 2


def test_a_failed_job_reports_why_and_can_be_started_again(
    server: Server, data: Path, tmp_path: Path
) -> None:
    server.final = "failed"
    with pytest.raises(
        TrainerError, match=r"The job ftjob-1 ended with the status failed \(the file is odd\)"
    ):
        fine_tune(data, tmp_path / "job", service(server), ignore)
    assert not (tmp_path / "job" / JOB).exists()
    server.final = "succeeded"
    assert fine_tune(data, tmp_path / "job", service(server), ignore).job == "ftjob-2"


def test_the_folder_of_another_job_is_rejected(server: Server, data: Path, tmp_path: Path) -> None:
    fine_tune(data, tmp_path / "job", service(server), ignore)
    other = FineTuneService("large", "a-key", server.url, seed=3, every=0.01)
    with pytest.raises(TrainerError, match=r"belongs to another job \(for small"):
        fine_tune(data, tmp_path / "job", other, ignore)


def test_without_a_training_file_no_job_is_started(server: Server, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"has no train\.jsonl"):
        fine_tune(tmp_path, tmp_path / "job", service(server), ignore)
    assert server.jobs == []


def test_the_number_of_epochs_is_sent_and_saved(server: Server, data: Path, tmp_path: Path) -> None:
    twice = replace(service(server), epochs=2)
    fine_tune(data, tmp_path / "job", twice, ignore)
    assert server.jobs[0]["method"]["supervised"] == {"hyperparameters": {"n_epochs": 2}}
    assert fine_tune(data, tmp_path / "job", twice, ignore).model == "ft:small:1"
    assert len(server.jobs) == 1
    with pytest.raises(TrainerError, match=r"belongs to another job \(for small"):
        fine_tune(data, tmp_path / "job", service(server), ignore)
