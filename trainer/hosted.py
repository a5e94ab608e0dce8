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
from openai.types.fine_tuning.job_create_params import Method

from trainer.errors import TrainerError

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
class HostedResult:
    """A job that succeeded: the name under which the tuned model is served, and what it read."""

    job: str
    model: str
    trained_tokens: int


def tune(data: Path, folder: Path, service: Service, told: Told) -> HostedResult:
    """Tune on `train.jsonl` (and `validation.jsonl`) in `data`; `folder` remembers the job.

    Raises `TrainerError` if the service cannot be reached, refuses, or ends the job without a
    model; a job that failed is forgotten, so that the next call starts another.
    """
    client = OpenAI(base_url=service.url, api_key=service.api_key, timeout=service.timeout)
    with client:
        try:
            job = _remembered(folder, service) or _start(client, data, folder, service)
            told(f"job {job} at {service.url}")
            return _follow(client, job, folder, service, told)
        except OpenAIError as error:
            raise TrainerError(
                f"the service at {service.url} did not tune “{service.model}” ({error}); check the "
                "address, the key and the model, and run the command again to go on"
            ) from error


def _remembered(folder: Path, service: Service) -> str:
    path = folder / JOB
    if not path.is_file():
        return ""
    kept = json.loads(path.read_text(encoding="utf-8"))
    found = (kept["url"], kept["model"], kept["seed"], kept.get("epochs", 0))
    if found != (service.url, service.model, service.seed, service.epochs):
        raise TrainerError(
            f"found a job for {kept['model']} at {kept['url']} in {folder}, expected the one to "
            "follow; name another folder for another job"
        )
    return str(kept["job"])


def _start(client: OpenAI, data: Path, folder: Path, service: Service) -> str:
    uploaded = {}
    for side in ("train", "validation"):
        path = data / f"{side}.jsonl"
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                uploaded[side] = client.files.create(file=file, purpose="fine-tune").id
    if "train" not in uploaded:
        raise TrainerError(f"found no train.jsonl in {data}, expected one; export a version first")
    epochs: Method = {
        "type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": service.epochs or "auto"}},
    }
    job = client.fine_tuning.jobs.create(
        model=service.model,
        training_file=uploaded["train"],
        seed=service.seed,
        method=epochs,
        validation_file=uploaded.get("validation"),
    ).id
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "job": job,
        "url": service.url,
        "model": service.model,
        "seed": service.seed,
        "epochs": service.epochs,
    }
    (folder / JOB).write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return job


def _follow(client: OpenAI, job: str, folder: Path, service: Service, told: Told) -> HostedResult:
    heard: set[str] = set()
    while True:
        now = client.fine_tuning.jobs.retrieve(job)
        for event in reversed(client.fine_tuning.jobs.list_events(job, limit=50).data):
            if event.id not in heard:
                heard.add(event.id)
                told(event.message)
        if now.status in _ENDED:
            break
        time.sleep(service.every)
    if now.status == "succeeded" and now.fine_tuned_model:
        return HostedResult(job, now.fine_tuned_model, now.trained_tokens or 0)
    (folder / JOB).unlink(missing_ok=True)
    why = now.error.message if now.error and now.error.message else "no reason given"
    raise TrainerError(
        f"the job {job} {now.status} ({why}), expected it to succeed; correct that and run the "
        "command again, which starts another"
    )
