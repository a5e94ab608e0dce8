"""`timbre tone check` and `timbre persona check` say what is wrong, or show what would be made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from timbre.__main__ import main
from timbre.settings import CONFIGS

Timbre = Callable[..., tuple[int, str, str]]


@pytest.fixture
def timbre(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Timbre:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.mark.parametrize(("noun", "folder"), [("tone", "tones"), ("persona", "personas")])
def test_every_shipped_file_is_right_and_shows_what_it_would_make(
    timbre: Timbre, noun: str, folder: str
) -> None:
    for path in sorted((CONFIGS / folder).glob("*.toml")):
        code, said, _ = timbre(noun, "check", path.stem, "--json")
        found = json.loads(said)
        assert (code, found["wrong"]) == (0, [])
        assert all(len(made["text"]) > 40 for made in found["would_make"])
        assert {made["kind"] for made in found["would_make"]} - {"refused"}


def test_an_example_is_printed_for_people(timbre: Timbre) -> None:
    code, said, _ = timbre("persona", "check", "marlo")
    assert code == 0
    assert "[dialogue] User: " in said


@pytest.mark.parametrize(
    ("noun", "folder", "before", "after", "said"),
    [
        ("tone", "tones/conversational", "opener_share = 0.95", "opener_share = 9.5", "9.5"),
        ("tone", "tones/plain-language", 'name = "', 'title = "', "“title”"),
        ("persona", "personas/marlo", "language =", "tongue =", "“tongue”"),
        ("persona", "personas/marlo", "{topic}", "{tpoic", "{tpoic"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_the_status_is_1(
    timbre: Timbre, tmp_path: Path, noun: str, folder: str, before: str, after: str, said: str
) -> None:
    text = (CONFIGS / f"{folder}.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    code, shown, error = timbre(noun, "check", str(path))
    assert (code, shown) == (1, "")
    assert said in error
    assert "Traceback" not in error
