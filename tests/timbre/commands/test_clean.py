"""`timbre clean` lists files that nothing refers to, and deletes them only with --yes."""

from pathlib import Path

from tests.timbre.conftest import Timbre


def test_unused_folders_and_files_are_listed_then_deleted_on_request(
    timbre: Timbre, home: Path
) -> None:
    page = home / "reports" / "page.html"
    unused = (
        home / "runs" / "0123456789abcdef",
        home / "exports" / ".merged.timbre-partial",
        home / "reports" / "page.part",
    )
    for path in (page, unused[2]):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")
    for folder in unused[:2]:
        (folder / "within.partial").mkdir(parents=True)
    listing = timbre("clean").out
    assert "3 unused" in listing
    assert all(path.name in listing and path.exists() for path in unused)
    assert "3 deleted" in timbre("clean", "--yes").out
    assert not any(path.exists() for path in unused)
    assert page.exists()
