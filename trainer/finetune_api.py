"""Fine-tuning at a service with OpenAI's API: files up, a job started once, followed to its end.

What was started is written down before it is waited for, so that a command that is stopped and
given again follows its job and does not pay for another.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from openai import OpenAI, OpenAIError
from openai.types import FileObject
from openai.types.fine_tuning import FineTuningJob
from openai.types.fine_tuning.job_create_params import Method

from trainer.api import client, understood
from trainer.errors import TrainerError
from trainer.lock import lock_folder, write_atomically

JOB = "job.json"
_ENDED = ("succeeded", "failed", "cancelled")
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Service:
    """Where to tune and which model: `every` is the seconds between two looks at the job.

    `epochs` are the passes over the examples, 0 for the service's own choice.
    """

    model: str
    api_key: str = field(repr=False)
    url: str = "https://api.openai.com/v1"
    seed: int = 0
    epochs: int = 0
    every: float = 10.0
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class FineTuneResult:
    """A job that succeeded: the name under which the tuned model is served, and what it read."""

    job: str
    model: str
    trained_tokens: int


def tune(data: Path, folder: Path, service: Service, told: Told) -> FineTuneResult:
    """Tune on `train.jsonl` (and `validation.jsonl`) in `data`; `folder` remembers the job.

    Raises `TrainerError` if the service cannot be reached, refuses, or ends the job without a
    model; a job that failed is forgotten, so that the next call starts another. Raises
    `RunLockedError` if another process is at it, which would pay for a second one.
    """
    server = client(service.url, service.api_key, service.timeout)
    with server, lock_folder(folder), understood(service.url):
        try:
            job = _remembered(folder, service) or _start(server, data, folder, service)
            told(f"job {job} at {service.url}")
            return _follow(server, job, folder, service, told)
        except OpenAIError as error:
            raise TrainerError(
                f"the service at {service.url} did not tune “{service.model}” ({error}); check the "
                "address, the key and the model, and run the command again to go on"
            ) from error


def _remembered(folder: Path, service: Service) -> str:
    path = folder / JOB
    if not path.is_file():
        return ""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        job, found = (
            str(kept["job"]),
            (kept["url"], kept["model"], kept["seed"], kept.get("epochs", 0)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TrainerError(
            f"found {path} unreadable, expected the job that was started; look for it at the "
            "service, and take the file away to start another"
        ) from error
    if found != (service.url, service.model, service.seed, service.epochs):
        raise TrainerError(
            f"found a job for {found[1]} at {found[0]} in {folder}, expected the one to follow; "
            "name another folder for another job"
        )
    return job


def _start(server: OpenAI, data: Path, folder: Path, service: Service) -> str:
    uploaded = {}
    for side in ("train", "validation"):
        path = data / f"{side}.jsonl"
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                uploaded[side] = _id(server.files.create(file=file, purpose="fine-tune"))
    if "train" not in uploaded:
        raise TrainerError(f"found no train.jsonl in {data}, expected one; export a version first")
    epochs: Method = {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": service.epochs or "auto"}},
    }
    job = server.fine_tuning.jobs.create(
        model=service.model,
        training_file=uploaded["train"],
        seed=service.seed,
        method=epochs,
        validation_file=uploaded.get("validation"),
    )
    started = _id(job)
    kept = {
        "job": started,
        "url": service.url,
        "model": service.model,
        "seed": service.seed,
        "epochs": service.epochs,
    }
    write_atomically(folder / JOB, json.dumps(kept, indent=1))
    return started


def _id(made: FileObject | FineTuningJob) -> str:
    if not made.id:
        raise ValueError("an answer without an id")
    return made.id


def _follow(server: OpenAI, job: str, folder: Path, service: Service, told: Told) -> FineTuneResult:
    heard: set[str] = set()
    while True:
        now = server.fine_tuning.jobs.retrieve(job)
        for event in reversed(server.fine_tuning.jobs.list_events(job, limit=50).data):
            if event.id not in heard:
                heard.add(event.id)
                told(event.message)
        if not now.status:
            raise ValueError("an answer without a status")
        if now.status in _ENDED:
            break
        time.sleep(service.every)
    if now.status == "succeeded" and now.fine_tuned_model:
        return FineTuneResult(job, now.fine_tuned_model, now.trained_tokens or 0)
    (folder / JOB).unlink(missing_ok=True)
    why = now.error.message if now.error and now.error.message else "no reason given"
    raise TrainerError(
        f"the job {job} {now.status} ({why}), expected it to succeed; correct that and run the "
        "command again, which starts another"
    )
