import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import SourcePage
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read

ROW = {
    "id": "42",
    "url": "https://de.wikipedia.org/wiki/Port_Amity",
    "title": "Port Amity",
    "text": f"Port Amity\n\n{PROSE}\n\nHistory\n\n{PROSE.replace('1834', '1835')}",
}


def write(tmp_path: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    path = tmp_path / f"articles.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_become_articles_with_sections(tmp_path: Path, kind: str) -> None:
    (page,) = read(str(write(tmp_path, kind, [ROW])))
    assert isinstance(page, SourcePage)
    assert not page.is_wikitext
    article = page.to_article()
    assert (article.page, article.url) == ("42", ROW["url"])
    assert (article.language, article.licence) == ("de", "CC BY-SA")
    records = split_passages(page, article.id)
    assert [getattr(record, "section", None) for record in records] == ["", "History"]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_missing_column_is_named(tmp_path: Path, kind: str) -> None:
    row = {key: value for key, value in ROW.items() if key != "text"}
    with pytest.raises(SourceError, match=r"\btext\b"):
        list(read(str(write(tmp_path, kind, [row]))))


def test_a_truncated_parquet_file_is_rejected(tmp_path: Path) -> None:
    path = write(tmp_path, "parquet", [ROW])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match=r"^articles\.parquet can't be read as parquet"):
        list(read(str(path)))


def test_other_parquet_columns_are_ignored(tmp_path: Path) -> None:
    rows = [{**ROW, "id": str(n), "embedding": [0.5] * 8} for n in range(600)]
    assert len(list(read(str(write(tmp_path, "parquet", rows))))) == 600


def test_texts_from_other_sites_get_the_licence_option(tmp_path: Path) -> None:
    path = write(tmp_path, "jsonl", [{**ROW, "url": "https://docs.example.org/port"}])
    (page,) = read(str(path), licence="CC0-1.0")
    assert isinstance(page, SourcePage)
    assert page.to_article().licence == "CC0-1.0"
    (page,) = read(str(path))
    assert isinstance(page, SourcePage)
    assert page.to_article().licence == ""


def test_nul_and_lone_surrogates_are_replaced_and_pairs_joined(tmp_path: Path) -> None:
    row = ROW | {"title": "Port\0", "text": f"Half \ud83d, whole \ud83d\ude00, none \0. {PROSE}"}
    (page,) = read(str(write(tmp_path, "jsonl", [row])))
    assert isinstance(page, SourcePage)
    assert page.title == "Port\ufffd"
    assert page.text.startswith("Half \ufffd, whole \U0001f600, none \ufffd.")


@pytest.mark.parametrize(
    ("url", "language", "licence"),
    [
        ("http://[", "en", ""),
        ("https://www.wikipedia.org/wiki/A", "en", "CC BY-SA"),
        ("https://de.m.wikipedia.org/wiki/A", "de", "CC BY-SA"),
        ("https://notwikipedia.org/wiki/A", "en", ""),
        ("https://de.wikipedia.org.example.net/A", "en", ""),
    ],
)
def test_the_url_determines_language_and_licence(
    tmp_path: Path, url: str, language: str, licence: str
) -> None:
    (page,) = read(str(write(tmp_path, "jsonl", [ROW | {"url": url}])))
    assert isinstance(page, SourcePage)
    article = page.to_article()
    assert (article.language, article.licence) == (language, licence)


def test_endless_nesting_is_invalid_json(tmp_path: Path) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_text("[" * 99_999)
    with pytest.raises(SourceError, match=r"^articles\.jsonl: line 1 isn't valid JSON"):
        list(read(str(path)))
