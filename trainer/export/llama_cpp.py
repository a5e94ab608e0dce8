"""Run llama.cpp's GGUF converter, which supports more model families than ours."""

import subprocess
import sys
from pathlib import Path

from trainer.errors import TrainerError

SCRIPT = "convert_hf_to_gguf.py"


def convert(script: Path, model: Path, path: Path, gguf_type: str) -> None:
    """Convert a model folder to a single GGUF file with llama.cpp's script.

    Raises `TrainerError` if the script is missing or fails, quoting the last line of its output.
    """
    if not script.is_file():
        raise TrainerError(
            f"llama.cpp's converter {script} doesn't exist. Set TIMBRE_LLAMA_CPP to your llama.cpp "
            "folder, or unset it."
        )
    command = [sys.executable, str(script), str(model), "--outfile", str(path)]
    process = subprocess.run(  # noqa: S603 - the user's own llama.cpp
        [*command, "--outtype", gguf_type], capture_output=True, text=True, check=False
    )
    if process.returncode or not path.is_file():
        lines = [line.strip() for line in process.stderr.splitlines() if line.strip()]
        raise TrainerError(
            f"{script} didn't write a GGUF file ({lines[-1] if lines else 'no error message'}). "
            "Fix the "
            "problem, or unset TIMBRE_LLAMA_CPP to use Timbre's own GGUF writer."
        )
