"""`timbre tone check` and `timbre persona check` report problems, or show example texts."""

import json
from pathlib import Path

import pytest

from tests.timbre.conftest import Timbre
from timbre.config import CONFIGS


@pytest.mark.parametrize(("noun", "folder"), [("tone", "tones"), ("persona", "personas")])
def test_every_shipped_file_is_fine_and_shows_what_it_would_make(
    timbre: Timbre, noun: str, folder: str
) -> None:
    for path in sorted((CONFIGS / folder).glob("*.toml")):
        preview = json.loads(timbre(noun, "check", path.stem, "--json").out)
        assert preview["problems"] == []
        assert all(len(example["text"]) > 40 for example in preview["would_make"])
        assert {example["kind"] for example in preview["would_make"]} - {"rejected"}


def test_an_example_is_printed_for_people(timbre: Timbre) -> None:
    assert "[dialogue] User: " in timbre("persona", "check", "marlo").out


@pytest.mark.parametrize(
    ("noun", "file", "start", "end"),
    [
        ("tone", "tones/plain-language", "[phrasebook]", ""),
        ("persona", "personas/marlo", 'language = "en"', 'language = "de"'),
    ],
)
def test_a_voice_that_the_offline_teacher_cannot_write_has_no_example(
    timbre: Timbre, tmp_path: Path, noun: str, file: str, start: str, end: str
) -> None:
    text = (CONFIGS / f"{file}.toml").read_text(encoding="utf-8")
    before, found, after = text.partition(start)
    assert found
    path = tmp_path / "mine.toml"
    path.write_text(before + (end + after if end else ""), encoding="utf-8")
    out = timbre(noun, "check", str(path)).out
    assert "is valid. The offline teacher can't write it, but `timbre check CAMPAIGN` shows" in out


@pytest.mark.parametrize(
    ("noun", "folder", "before", "after", "problem"),
    [
        ("tone", "tones/conversational", "opener_share = 0.95", "opener_share = 9.5", "9.5"),
        ("tone", "tones/plain-language", 'name = "', 'title = "', "`title`"),
        ("persona", "personas/marlo", "language =", "tongue =", "`tongue`"),
        ("persona", "personas/marlo", "{topic}", "{tpoic", "{tpoic"),
    ],
)
def test_a_problem_is_a_sentence_and_the_status_is_1(
    timbre: Timbre, tmp_path: Path, noun: str, folder: str, before: str, after: str, problem: str
) -> None:
    text = (CONFIGS / f"{folder}.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    result = timbre(noun, "check", str(path), status=1)
    assert result.out == ""
    assert problem in result.err
    assert "Traceback" not in result.err
