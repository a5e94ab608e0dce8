"""Run llama.cpp's GGUF converter, which supports more model families than Timbre's GGUF writer."""

import subprocess
import sys
from pathlib import Path

from trainer.errors import TrainerError
from trainer.export.export_plan import GgufType

SCRIPT = "convert_hf_to_gguf.py"


def convert(script: Path, model: Path, path: Path, gguf_type: GgufType) -> None:
    """Convert a model folder to a single GGUF file with llama.cpp's script.

    Raises `TrainerError` if the script is missing, doesn't support the number format or fails. The
    error message quotes the last line of the script's output.
    """
    if gguf_type is GgufType.Q4_K_M:
        raise TrainerError(
            "llama.cpp's converter doesn't write q4_K_M. Unset TIMBRE_LLAMA_CPP to let Timbre "
            "write it, or export with --weights q8_0."
        )
    if not script.is_file():
        raise TrainerError(
            f"llama.cpp's converter {script} doesn't exist. Set TIMBRE_LLAMA_CPP to your llama.cpp "
            "folder, or unset it."
        )
    command = [sys.executable, str(script), str(model), "--outfile", str(path)]
    process = subprocess.run(  # noqa: S603 - the user's own llama.cpp
        [*command, "--outtype", gguf_type.value], capture_output=True, text=True, check=False
    )
    if process.returncode or not path.is_file():
        lines = [line.strip() for line in process.stderr.splitlines() if line.strip()]
        raise TrainerError(
            f"{script} didn't write a GGUF file ({lines[-1] if lines else 'no error message'}). "
            "Fix the "
            "problem, or unset TIMBRE_LLAMA_CPP to use Timbre's own GGUF writer."
        )
