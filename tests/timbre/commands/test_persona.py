"""`timbre persona check` on personas in other formats."""

import json
from pathlib import Path

from tests.timbre.conftest import Timbre

CARD = {
    "spec": "chara_card_v2",
    "data": {
        "name": "Tarn",
        "description": "{{char}} keeps a mill by the weir.",
        "tags": ["miller"],
        "creator": "x",
        "extensions": {},
    },
}


def test_fields_without_a_place_are_named(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD), encoding="utf-8")
    result = timbre("persona", "check", str(path))
    assert "ignored these fields, which personas don't support: tags, creator." in result.err
    assert "is valid" in result.out


def test_a_one_line_persona_is_chosen_by_number(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_text('{"persona": "A miller"}\n{"persona": "A diver"}\n', encoding="utf-8")
    assert "is valid" in timbre("persona", "check", f"{path}#2").out
    assert "it contains 2 personas" in timbre("persona", "check", str(path), status=1).err
