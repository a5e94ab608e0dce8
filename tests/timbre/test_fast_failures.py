"""A command that fails at once, or only reads the store, imports no heavy library."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    *("torch", "transformers", "peft", "trl", "datasets", "argilla", "distilabel", "altair"),
    *("pandas", "pyarrow", "sklearn"),
}
CODE = f"""
import sys
from timbre.__main__ import main
try:
    main()
finally:
    print("imports:", *sorted({HEAVY} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("--help", 0),
        ("clean", 0),
        ("train nosuch", 1),
        ("report nope", 1),
        ("generate nope", 1),
        ("run show abcdef", 1),
        ("version show nosuch", 1),
        ("answer abcdef --campaign demo-tone", 1),
        ("export abcdef --to gguf", 1),
        ("advise nosuch", 1),
        ("study tone --config nope", 1),
        ("tone check nope", 1),
        ("review push demo-tone", 1),
        ("review status demo-tone", 1),
        ("init harbour", 1),
        ("init a/b --description d --pair x=>y", 1),
        ("init harbour --description d --pair no-arrow", 1),
        ("check nosuch", 1),
        ("status nosuch", 1),
        ("status demo-tone", 0),
    ],
)
def test_a_command_without_work_to_do_imports_no_heavy_library(
    home: Path, command: str, status: int
) -> None:
    program = [sys.executable, "-c", CODE, *command.split()]
    process = subprocess.run(program, capture_output=True, text=True, check=False)
    assert process.returncode == status, process.stderr
    assert "Traceback" not in process.stderr
    assert process.stdout.splitlines()[-1] == "imports:"
