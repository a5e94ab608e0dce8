"""The result of a training run, including details of the machine and code that produced it."""

import hashlib
import json
import platform
import resource
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "datasets")
TRAINER = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a finished run: the location of its adapter, and measurements of the training.

    `losses` contains one training loss per step, in nats per token. `seconds` is the total training
    time of all processes that worked on the run one after another, each up to its last checkpoint.
    `tokens_per_second` and `peak_memory_mb` refer only to the process that finished the run.
    `template_notes` describes the changes to the chat template.
    """

    adapter: Path
    metrics: dict[str, float]
    losses: tuple[float, ...]
    precision: str
    precision_reason: str
    device: str
    libraries: dict[str, str]
    peak_memory_mb: float
    tokens_per_second: float
    base_fingerprint: str
    template_fingerprint: str
    seconds: float
    code_fingerprint: str = ""
    template_notes: tuple[str, ...] = ()


def result_to_json(result: TrainingResult) -> str:
    """Serialize a result as JSON, with the adapter path relative to the run folder."""
    return json.dumps({**asdict(result), "adapter": result.adapter.name}, indent=1)


def result_from_json(text: str, folder: Path) -> TrainingResult:
    """Parse a result from JSON, with the adapter path relative to `folder`."""
    values = json.loads(text)
    values["adapter"] = folder / values["adapter"]
    values["losses"] = tuple(values["losses"])
    values["template_notes"] = tuple(values.get("template_notes", ()))
    return TrainingResult(**values)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that affect a trained adapter."""
    return {name: version(name) for name in LIBRARIES}


def code_fingerprint(root: Path = TRAINER) -> str:
    """Return the SHA-256 of the trainer's code.

    Training with the same code, libraries, examples and settings produces the same adapter.
    """
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def device_name(device: str, processes: int = 1) -> str:
    """Return the name of the GPU or CPU, with the number of devices or of CPU threads."""
    import torch  # slow to import, and not needed to read results

    if processes > 1:
        return f"{processes} × {device_name(device)}"
    if device == "cuda":
        return torch.cuda.get_device_name()
    processor = str(torch.cpu.get_capabilities().get("cpu_name") or platform.machine())
    threads = f"{torch.get_num_threads()} threads"
    return f"{processor}, {threads}" if device == "cpu" else f"{processor} ({device})"


def peak_memory_mb(device: str) -> float:
    """Return the peak memory in MB: allocated by torch on a GPU, or else used by the process."""
    import torch

    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
