"""What a finished training is worth writing down, and how it is measured."""

import hashlib
import json
import platform
import resource
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes", "datasets")


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished run: where its adapter is, and what was met and measured on the way.

    `losses` has one training loss a step, in nats per token. `seconds` is the time of every process
    that worked on the run one after another, up to where each left its last checkpoint;
    `tokens_per_second` and the peak memory are those of the last.
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


def result_to_json(result: TrainingResult) -> str:
    """A result as JSON, its adapter's path relative to the run's folder."""
    return json.dumps({**asdict(result), "adapter": result.adapter.name}, indent=1)


def result_from_json(text: str, folder: Path) -> TrainingResult:
    """The result of the run in a folder."""
    values = json.loads(text)
    places = {"adapter": folder / values["adapter"], "losses": tuple(values["losses"])}
    return TrainingResult(**{**values, **places})


def library_versions() -> dict[str, str]:
    """The versions of the libraries that a training depends on."""
    return {name: version(name) for name in LIBRARIES}


def code_fingerprint() -> str:
    """SHA-256 over the code that trains: the same code, libraries and run give the same adapter."""
    whole = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        content = path.read_bytes()
        whole.update(f"{path.name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def device_name(device: str, processes: int = 1) -> str:
    """A device as people know it: the GPU's product name, or the processor with its threads."""
    if processes > 1:
        return f"{processes} × {device_name(device)}"
    if device == "cuda":
        return torch.cuda.get_device_name()
    processor = str(torch.cpu.get_capabilities().get("cpu_name") or platform.machine())
    threads = f"{torch.get_num_threads()} threads"
    return f"{processor}, {threads}" if device == "cpu" else f"{processor} ({device})"


def peak_memory_mb(device: str) -> float:
    """The most memory used so far, in MB: the GPU's by torch, else that of the whole process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
