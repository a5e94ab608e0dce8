"""`timbre articles audit`: the counts of a dump's templates, as text and as JSON."""

import json
from pathlib import Path

from tests.pipelines.articles.exports import export_xml, page_xml
from tests.pipelines.wikipedia.test_audit import TEXT
from tests.timbre.conftest import Timbre


def test_the_command_prints_the_counts(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text(export_xml(page_xml("Amity", TEXT)), encoding="utf-8")
    counts = json.loads(timbre("articles", "audit", str(path), "--json").out)
    assert (counts["articles"], counts["hole"], counts["in_prose"]) == (1, 5, 3)
    assert counts["holes"][0]["name"] == "port count"
    shown = timbre("articles", "audit", str(path)).out
    assert "1 articles with 9 template calls: 1 rendered, 2 hidden, 1 evaluated, 5 hole." in shown
    assert "{{port count|2}}" in shown
