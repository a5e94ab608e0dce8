"""The fingerprint of the training code."""

from pathlib import Path

import pytest

from trainer.training.results import TRAINER, code_fingerprint


@pytest.mark.parametrize("name", ["sft.py", "training/packing.py", "models/lora.py"])
def test_a_change_in_any_folder_changes_the_code_fingerprint(tmp_path: Path, name: str) -> None:
    for source in TRAINER.rglob("*.py"):
        copy = tmp_path / source.relative_to(TRAINER)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    assert code_fingerprint(tmp_path) == code_fingerprint()
    (tmp_path / name).write_text("")
    assert code_fingerprint(tmp_path) != code_fingerprint()
