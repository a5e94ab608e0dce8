"""`timbre generate` with a real model that is loaded for it: the small one that Timbre ships."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from db.records import Article, Passage, Rejection
from pipelines.replies import MALFORMED_REPLY
from tests.pipelines.conftest import TEXTS
from timbre.__main__ import main
from timbre.stores import open_store

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "transformers:{model}"
temperature = 0.0
longest_reply = {longest}
"""


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home with three articles."""
    for name in [name for name in os.environ if name.startswith("TIMBRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    with open_store() as store:
        for n, text in enumerate(TEXTS):
            article = Article(url=f"u{n}", revision="1", digest=str(n), source="s")
            store.add([article, Passage(article=article.id, section="", position=0, text=text)])
    return tmp_path


def generate(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: str, longest: int
) -> str | int | None:
    """The exit code of a run with a model and a longest reply."""
    path = folder / "bridges.toml"
    path.write_text(CAMPAIGN.format(model=model, longest=longest), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["timbre", "generate", str(path), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_model_on_this_machine_writes_and_what_it_wrote_is_kept_though_refused(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The shipped model converses and has never seen JSON: its words come back as refusals.
    for asked, known in ((6, 0), (0, 6)):  # each passage once, and once more to repair the form
        assert not generate(monkeypatch, home, "mini", 24)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert found["made"] == {f"refused: {MALFORMED_REPLY}": 3}
        assert (found["asked"], found["known"]) == (asked, known)
    with open_store() as store:
        refused = list(store.stream(Rejection))
    journal = home / "home" / "journals" / "bridges.jsonl"
    replies = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert Counter(r.text for r in refused) <= Counter(r["text"] for r in replies)
    assert all(r.text.strip() for r in refused)
    assert all(0 < r["out"] <= 24 < r["in"] for r in replies)


def test_a_prompt_that_leaves_no_room_for_the_reply_has_that_reason(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not generate(monkeypatch, home, "mini", 1000)
    found = json.loads(capsys.readouterr().out)
    assert found["made"] == {"refused: prompt too long for the model": 3}


def test_a_model_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(monkeypatch, home, str(home / "none"), 24) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
