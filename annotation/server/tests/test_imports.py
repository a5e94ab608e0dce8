"""What an import from a hub makes of rows that fit the dataset, and of rows that do not."""

import json
from pathlib import Path

from tests.made import PARTS, until

from tests.conftest import Server

LABELS = ["yes", "no", "maybe", "yes", "no", "perhaps", "yes"]


def test_rows_that_are_refused_are_left_out_and_the_others_keep_what_is_theirs(
    tmp_path: Path,
) -> None:
    rows = [{"key": f"row{n}", "text": f"{n}", "says": says} for n, says in enumerate(LABELS)]
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    server = Server(tmp_path / "home", environment=offline).start()
    _, dataset = server.dataset("imported", PARTS)
    mapping = {
        "fields": [{"source": "text", "target": "text"}],
        "suggestions": [{"source": "says", "target": "label"}],
        "external_id": "key",
    }
    asked = {"name": str(folder), "subset": "default", "split": "train", "mapping": mapping}
    job = server.ask("POST", f"/datasets/{dataset}/import", asked)
    assert until(lambda: server.ask("GET", f"/jobs/{job['id']}")["status"] == "finished")
    listed = server.ask("GET", f"/datasets/{dataset}/records?include=suggestions")["items"]
    found = {one["external_id"]: [said["value"] for said in one["suggestions"]] for one in listed}
    fitting = {"yes", "no"}
    assert found == {row["key"]: [row["says"]] for row in rows if row["says"] in fitting}
    assert server.end() == 0, server.log()
    assert "Row row2 is left out of an import: record does not have valid sugg" in server.log()
