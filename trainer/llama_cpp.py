"""llama.cpp's own converter, where it is installed: it writes more families than we do."""

import subprocess
import sys
from pathlib import Path

from trainer.errors import TrainerError

SCRIPT = "convert_hf_to_gguf.py"


def convert(script: Path, model: Path, path: Path, kind: str) -> None:
    """Write the model in a folder as one GGUF file, by llama.cpp's script.

    Raises `TrainerError` if it is not there or fails, with its last word.
    """
    if not script.is_file():
        raise TrainerError(
            f"found no {script}, expected llama.cpp's converter; set TIMBRE_LLAMA_CPP to "
            "llama.cpp's folder, or leave it out"
        )
    command = [sys.executable, str(script), str(model), "--outfile", str(path), "--outtype", kind]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the user's own llama.cpp)
    if ended.returncode or not path.is_file():
        said = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
        raise TrainerError(
            f"{script} wrote no file ({said[-1] if said else 'it said nothing'}); see to that, or "
            "leave TIMBRE_LLAMA_CPP out and let Timbre write it"
        )
