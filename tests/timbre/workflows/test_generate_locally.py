"""`timbre generate` with a local model as the teacher: the small one that Timbre ships."""

import json
from collections import Counter
from pathlib import Path

import pytest

from db.records import Rejection
from db.store import Store
from pipelines.replies import MALFORMED_REPLY
from tests.timbre.conftest import CommandResult, Timbre
from tests.timbre.workflows.conftest import add_passages

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "transformers:{model}"
temperature = 0.0
max_tokens = {max_tokens}
"""


@pytest.fixture(autouse=True)
def passages(store: Store) -> None:
    add_passages(store)


def generate(
    timbre: Timbre, folder: Path, max_tokens: int, model: str = "mini", status: int = 0
) -> CommandResult:
    """Generate with a model and a limit of tokens per reply."""
    path = folder / "bridges.toml"
    path.write_text(CAMPAIGN.format(model=model, max_tokens=max_tokens), encoding="utf-8")
    return timbre("generate", str(path), "--json", "--keep-going", status=status)


def test_rejected_replies_of_a_local_model_are_kept(
    timbre: Timbre, tmp_path: Path, home: Path, store: Store
) -> None:
    # The shipped model has never seen JSON, so each of its replies is malformed.
    journal = home / "journals" / "bridges.jsonl"
    for _ in range(2):  # the second run asks nothing again
        error = generate(timbre, tmp_path, 24, status=1).err
        assert f"\n  3 × {MALFORMED_REPLY}: " in error
        replies = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        assert len(replies) == 6  # each passage once, and again as a retry
    rejections = list(store.stream(Rejection))
    assert Counter(r.text for r in rejections) <= Counter(r["text"] for r in replies)
    assert all(r.text.strip() for r in rejections)
    assert all(0 < r["out"] <= 24 < r["in"] for r in replies)


def test_a_prompt_that_leaves_no_room_for_the_reply_is_rejected(
    timbre: Timbre, tmp_path: Path
) -> None:
    error = generate(timbre, tmp_path, 1000, status=1).err
    assert "\n  3 × prompt too long for the model: " in error


def test_a_missing_model_is_one_sentence(timbre: Timbre, tmp_path: Path) -> None:
    error = generate(timbre, tmp_path, 24, str(tmp_path / "none"), status=1).err
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1
