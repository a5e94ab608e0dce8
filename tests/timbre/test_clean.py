"""What nobody refers to any more is listed, and deleted only when asked."""

from pathlib import Path

import pytest

from timbre.__main__ import main


def test_folders_and_files_that_are_left_over_are_listed_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    kept = tmp_path / "reports" / "page.html"
    left = (
        tmp_path / "runs" / "0123456789abcdef",
        tmp_path / "exports" / ".merged.timbre-partial",
        tmp_path / "reports" / "page.part",
    )
    for path in (kept, left[2]):
        path.parent.mkdir(exist_ok=True)
        path.write_text("words")
    for folder in left[:2]:
        (folder / "within.partial").mkdir(parents=True)

    def clean(*options: str) -> str:
        monkeypatch.setattr("sys.argv", ["timbre", "clean", *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    listed = clean()
    assert "3 found" in listed
    assert all(path.name in listed and path.exists() for path in left)
    assert "3 deleted" in clean("--yes")
    assert not any(path.exists() for path in left)
    assert kept.exists()
