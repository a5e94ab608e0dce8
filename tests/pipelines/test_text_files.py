"""Text files are read in UTF-8 and UTF-16, with and without a BOM, with any line ends, gzipped."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.articles.source_page import SourcePage
from pipelines.text.files import read_text
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.articles.reading import read
from timbre.campaign import load_tone, read_persona
from timbre.config import CONFIGS

GERMAN = f"Über die Brücke führt ein Weg.\nZweite Zeile.\n\n{PROSE}\n"
ROW = {"id": "1", "url": "https://de.wikipedia.org/wiki/X", "title": "Über", "text": GERMAN}
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with BOM": lambda text: text.encode("utf-8-sig"),
    "utf-16 with BOM": lambda text: text.encode("utf-16"),
    "utf-16 big-endian with BOM": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "UTF-16 and CRLF": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
}
each_encoding = pytest.mark.parametrize("encoding", ENCODINGS)


def write(path: Path, text: str, encoding: str) -> Path:
    content = ENCODINGS[encoding](text)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@each_encoding
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_text_is_read_as_written(tmp_path: Path, name: str, encoding: str) -> None:
    assert read_text(write(tmp_path / name, GERMAN, encoding)) == GERMAN


@each_encoding
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_articles_are_read_from_json_lines(tmp_path: Path, name: str, encoding: str) -> None:
    lines = "".join(json.dumps(ROW | {"id": id}, ensure_ascii=False) + "\n" for id in "12")
    pages = list(read(str(write(tmp_path / name, lines, encoding))))
    assert [(p.id, p.title, p.text) for p in pages if isinstance(p, SourcePage)] == [
        ("1", "Über", GERMAN),
        ("2", "Über", GERMAN),
    ]


@each_encoding
@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_documents_and_their_licence_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    write(tmp_path / "LICENCE", "Our own, für uns\n", encoding)
    write(tmp_path / name, GERMAN, encoding)
    (page,) = read(str(tmp_path))
    assert isinstance(page, SourcePage)
    assert page.text.startswith("Über die Brücke führt ein Weg. Zweite Zeile.\n\n")
    assert page.to_article().licence == "Our own, für uns"


def test_a_gzipped_dump_is_read(tmp_path: Path) -> None:
    xml = (CONFIGS.parent / "pipelines/articles/sample/articles.xml").read_bytes()
    path = tmp_path / "dump.xml.gz"
    path.write_bytes(gzip.compress(xml))
    assert len(list(read(str(path)))) == len(list(read("sample")))


@each_encoding
@pytest.mark.parametrize("name", ["tone.toml", "tone.toml.gz"])
def test_configuration_files_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    text = (CONFIGS / "tones" / "plain-language.toml").read_text(encoding="utf-8")
    text = text.replace('name = "plain-language"', 'name = "für alle"')
    tone = load_tone(write(tmp_path / name, text, encoding))
    assert tone.name == "für alle"


@each_encoding
@pytest.mark.parametrize("name", ["leute.jsonl", "leute.jsonl.gz"])
def test_personas_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    lines = '{"persona": "Ein Wärter, der Knöpfe sammelt"}\n'
    persona = read_persona(write(tmp_path / name, lines, encoding)).persona
    assert persona.name == "Leute"
    assert "Ein Wärter, der Knöpfe sammelt" in persona.description
