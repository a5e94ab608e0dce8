"""Fine-tune through an OpenAI-compatible API: upload files, start a job, and poll it.

The job's id is saved before polling starts, so if you stop the command and run it again, it resumes
the same job instead of paying for another one.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from openai import OpenAI
from openai.types import FileObject
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.job_create_params import Method

from trainer.errors import TrainerError
from trainer.lock import lock_folder, write_atomically
from trainer.services.openai_client import openai_client

JOB = "job.json"
_FINAL_STATUSES = ("succeeded", "failed", "cancelled")
ProgressCallback: TypeAlias = Callable[[str], None]
"""A callback that is called with each message in the job's log."""


@dataclass(frozen=True, slots=True)
class FineTuneService:
    """A fine-tuning service, and the settings for fine-tuning a model with it.

    `epochs` is the number of passes over the examples, or 0 to let the service choose. `every` is
    the polling interval and `timeout` is the request timeout, both in seconds.
    """

    model: str
    api_key: str = field(repr=False)
    url: str = "https://api.openai.com/v1"
    seed: int = 0
    epochs: int = 0
    every: float = 10.0
    timeout: float = 120.0

    def job_settings(self, job: str) -> dict[str, object]:
        """The details to save for a job: its id and the settings with which it was started."""
        return {
            "job": job,
            "url": self.url,
            "model": self.model,
            "seed": self.seed,
            "epochs": self.epochs,
        }


@dataclass(frozen=True, slots=True)
class FineTuneResult:
    """The result of a successful job: the tuned model's name, and the number of training tokens."""

    job: str
    model: str
    trained_tokens: int


def fine_tune(
    data: Path, folder: Path, service: FineTuneService, on_progress: ProgressCallback
) -> FineTuneResult:
    """Fine-tune a model on the files in `data`, and save the job's id in `folder`.

    `data` contains `train.jsonl` and, optionally, `validation.jsonl`.

    Raises `TrainerError` if the service is unreachable, returns an error, or ends the job without a
    model. If a job fails, its saved id is deleted, so that the next call starts a new job. Raises
    `RunLockedError` if another process is waiting for the same job.
    """
    advice = (
        f"Check the URL, the API key and the model “{service.model}”, then run the command again "
        "to continue."
    )
    with (
        openai_client(service.url, service.api_key, service.timeout, advice) as client,
        lock_folder(folder),
    ):
        job = _saved_job(folder, service) or _start(client, data, folder, service)
        on_progress(f"job {job} at {service.url}")
        return _follow(client, job, folder, service, on_progress)


def _saved_job(folder: Path, service: FineTuneService) -> str:
    """Return the id of the job that an earlier call started, or "" if there is none."""
    path = folder / JOB
    if not path.is_file():
        return ""
    try:
        saved = {"epochs": 0, **json.loads(path.read_text(encoding="utf-8"))}
        job, model, url = str(saved["job"]), saved["model"], saved["url"]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainerError(
            f"{path} can't be read, so Timbre can't find the fine-tuning job that it started. Look "
            "up the job on the service's website, or delete the file to start a new job."
        ) from error
    if saved != service.job_settings(job):
        raise TrainerError(
            f"{folder} belongs to another job (for {model} at {url}) with different settings. "
            "Choose another folder for this job."
        )
    return job


def _start(client: OpenAI, data: Path, folder: Path, service: FineTuneService) -> str:
    files = {}
    for split in ("train", "validation"):
        path = data / f"{split}.jsonl"
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                files[split] = _id(client.files.create(file=file, purpose="fine-tune"))
    if "train" not in files:
        raise TrainerError(f"{data} has no train.jsonl to upload. Export a version there first.")
    method: Method = {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": service.epochs or "auto"}},
    }
    job = client.fine_tuning.jobs.create(
        model=service.model,
        training_file=files["train"],
        seed=service.seed,
        method=method,
        validation_file=files.get("validation"),
    )
    settings = service.job_settings(_id(job))
    write_atomically(folder / JOB, json.dumps(settings, indent=1))
    return job.id


def _id(reply: FileObject | FineTuningJob) -> str:
    if not reply.id:
        raise ValueError("the reply contains no id")
    return reply.id


def _follow(
    client: OpenAI,
    job: str,
    folder: Path,
    service: FineTuneService,
    on_progress: ProgressCallback,
) -> FineTuneResult:
    reported: set[str] = set()
    while True:
        status = client.fine_tuning.jobs.retrieve(job)
        for event in reversed(client.fine_tuning.jobs.list_events(job, limit=50).data):
            if event.id not in reported:
                reported.add(event.id)
                on_progress(event.message)
        if not status.status:
            raise ValueError("the reply contains no status")
        if status.status in _FINAL_STATUSES:
            break
        time.sleep(service.every)
    if status.status == "succeeded" and status.fine_tuned_model:
        return FineTuneResult(job, status.fine_tuned_model, status.trained_tokens or 0)
    (folder / JOB).unlink(missing_ok=True)
    reason = status.error.message if status.error and status.error.message else "no reason given"
    raise TrainerError(
        f"The job {job} ended with the status {status.status} ({reason}). Fix the problem and run "
        "the command again to start a new job."
    )
