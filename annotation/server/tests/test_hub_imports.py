"""An import of valid and invalid rows from the Hub."""

from pathlib import Path

from tests.examples import SETTINGS, import_rows

from tests.conftest import Server

LABELS = ["yes", "no", "maybe", "yes", "no", "perhaps", "yes"]


def test_an_import_skips_invalid_rows_and_keeps_the_suggestions_of_the_others(
    tmp_path: Path,
) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=offline).start()
    _, dataset = server.create_dataset("imported", SETTINGS)
    suggestions = import_rows(server.client, dataset, tmp_path / "rows", LABELS)
    valid = {"yes", "no"}
    assert suggestions == {f"row{n}": [label] for n, label in enumerate(LABELS) if label in valid}
    assert server.stop() == 0, server.read_log()
    assert (
        "Import: row row2 is invalid and was skipped: record does not have valid sugg"
        in server.read_log()
    )
