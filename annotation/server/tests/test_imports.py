"""What an import from a hub makes of rows that fit the dataset, and of rows that do not."""

from pathlib import Path

from tests.made import PARTS, suggested

from tests.conftest import Server

LABELS = ["yes", "no", "maybe", "yes", "no", "perhaps", "yes"]


def test_rows_that_are_refused_are_left_out_and_the_others_keep_what_is_theirs(
    tmp_path: Path,
) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=offline).start()
    _, dataset = server.dataset("imported", PARTS)
    found = suggested(server.client, dataset, tmp_path / "rows", LABELS)
    fitting = {"yes", "no"}
    assert found == {f"row{n}": [says] for n, says in enumerate(LABELS) if says in fitting}
    assert server.end() == 0, server.log()
    assert "Row row2 is left out of an import: record does not have valid sugg" in server.log()
