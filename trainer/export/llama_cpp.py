"""llama.cpp's own GGUF converter, which supports more model families than ours."""

import subprocess
import sys
from pathlib import Path

from trainer.errors import TrainerError

SCRIPT = "convert_hf_to_gguf.py"


def convert(script: Path, model: Path, path: Path, gguf_type: str) -> None:
    """Write the model in a folder as one GGUF file with llama.cpp's script.

    Raises `TrainerError` if the script is missing or fails, with the last line it wrote.
    """
    if not script.is_file():
        raise TrainerError(
            f"{script} doesn't exist. Set TIMBRE_LLAMA_CPP to llama.cpp's folder, or unset it."
        )
    command = [sys.executable, str(script), str(model), "--outfile", str(path)]
    process = subprocess.run(  # noqa: S603 - the user's own llama.cpp
        [*command, "--outtype", gguf_type], capture_output=True, text=True, check=False
    )
    if process.returncode or not path.is_file():
        lines = [line.strip() for line in process.stderr.splitlines() if line.strip()]
        raise TrainerError(
            f"{script} wrote no file ({lines[-1] if lines else 'no error message'}). Fix that, or "
            "unset TIMBRE_LLAMA_CPP to let Timbre write the file."
        )
