import bz2
from collections.abc import Callable
from pathlib import Path

import pytest

from db.records import Rejection
from pipelines.articles.intake import read_records
from pipelines.articles.page import SourceArticle
from pipelines.articles.sources import source_name
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE, page_xml
from tests.pipelines.articles.reading import read

Write = Callable[..., Path]


def only_article(path: Path) -> SourceArticle:
    (page,) = read(str(path))
    assert isinstance(page, SourceArticle)
    return page


@pytest.mark.parametrize("name", ["enwiki-test.xml", "enwiki-test.xml.bz2"])
@pytest.mark.parametrize("schema", ["0.10", "0.11"])
def test_an_export_gives_its_article_with_all_that_is_known_of_it(
    write_export: Write, name: str, schema: str
) -> None:
    page = only_article(write_export(page_xml("Port Amity", PROSE, 7), name, schema))
    assert page.text == PROSE
    assert page.markup
    assert page.article.title == "Port Amity"
    assert page.article.url == "https://en.wikipedia.org/wiki/Port_Amity"
    assert page.article.revision == "1007"
    assert page.article.page == "7"
    assert page.article.language == "en"
    assert page.article.source == name


def test_a_revision_before_the_change_of_licence_has_the_older_licence(
    write_export: Write,
) -> None:
    older = page_xml("Port Amity", PROSE, timestamp="2023-06-06T23:59:59Z")
    newer = page_xml("Port Amity", PROSE, timestamp="2023-06-07T00:00:00Z")
    assert only_article(write_export(older)).article.licence == "CC BY-SA 3.0 and GFDL"
    assert only_article(write_export(newer)).article.licence == "CC BY-SA 4.0"


def test_the_record_of_an_article_does_not_depend_on_where_its_file_lies(
    write_export: Write, tmp_path: Path
) -> None:
    path = write_export(page_xml("Port Amity", PROSE))
    other = tmp_path / "elsewhere"
    other.mkdir()
    copy = other / path.name
    copy.write_bytes(path.read_bytes())
    assert only_article(path).article == only_article(copy).article
    assert str(tmp_path) not in repr(only_article(path).article)


@pytest.mark.parametrize(
    ("title", "text", "redirect", "reason"),
    [
        ("Amity", "#REDIRECT [[Port Amity]]", "", "redirect"),
        ("Amity", PROSE, "Port Amity", "redirect"),
        ("Category:Ports", PROSE, "", "other namespace"),
        ("Amity (disambiguation)", PROSE, "", "disambiguation"),
        ("Amity", "'''Amity''' may refer to:\n* [[Port Amity]]", "", "disambiguation"),
        ("Amity", PROSE + "\n{{disambiguation}}", "", "disambiguation"),
        ("List of ports", PROSE, "", "list"),
        ("Ports", "* a port of call on the coast\n" * 40, "", "list"),
        ("Port Amity", "A port in the south.", "", "stub"),
        ("Port Amity", PROSE + "\n{{Harbour-stub}}", "", "stub"),
        ("Port Amity", "  ", "", "empty"),
    ],
)
def test_pages_that_are_no_articles_of_prose_are_refused_with_a_reason(
    write_export: Write, title: str, text: str, redirect: str, reason: str
) -> None:
    (page,) = read(str(write_export(page_xml(title, text, redirect=redirect))))
    assert isinstance(page, Rejection)
    assert (page.subject, page.reason, page.stage) == (title, reason, "articles")
    assert page.scope == "enwiki-test.xml"


def test_pages_come_in_the_order_of_the_export(write_export: Write) -> None:
    titles = [f"Port {n}" for n in range(40)]
    path = write_export("".join(page_xml(t, PROSE, n) for n, t in enumerate(titles)))
    assert [p.article.title for p in read(str(path)) if isinstance(p, SourceArticle)] == titles


def test_an_export_in_utf16_is_read(tmp_path: Path, write_export: Write) -> None:
    text = write_export(page_xml("Порт", PROSE)).read_text()
    path = tmp_path / "bgwiki.xml"
    path.write_bytes(('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16"))
    assert only_article(path).article.title == "Порт"


def test_a_dump_that_does_not_name_its_wiki_is_known_by_its_file_name(tmp_path: Path) -> None:
    path = tmp_path / "dewiki-latest.xml"
    path.write_text(f"<mediawiki>{page_xml('Hafen', PROSE)}</mediawiki>")
    article = only_article(path).article
    assert article.url == "https://de.wikipedia.org/wiki/Hafen"
    assert article.language == "de"


def test_only_the_last_revision_of_a_page_is_read(write_export: Write) -> None:
    page = page_xml("Port Amity", "Old words.").replace(
        "</page>",
        f"<revision><id>2</id><timestamp>2024-01-01T00:00:00Z</timestamp>"
        f"<text>{PROSE}</text></revision></page>",
    )
    assert only_article(write_export(page)).article.revision == "2"


def test_what_was_read_before_a_break_in_the_file_is_whole(write_export: Write) -> None:
    path = write_export("".join(page_xml(f"Port {n}", PROSE, n) for n in range(400)))
    path.write_bytes(path.read_bytes()[:-20_000])
    pages = read(str(path))
    first = next(pages)
    assert isinstance(first, SourceArticle)
    assert first.text == PROSE
    with pytest.raises(SourceError, match=r"after 3\d\d pages"):
        list(pages)


def truncated_bz2(tmp_path: Path) -> Path:
    path = tmp_path / "enwiki.xml.bz2"
    path.write_bytes(bz2.compress(b"<mediawiki>" + b"<page/>" * 5000)[:-30])
    return path


def test_every_broken_source_is_told_in_one_sentence(tmp_path: Path, write_export: Write) -> None:
    files = {
        "empty.xml": b"",
        "garbage.xml.bz2": b"BZh9 and then nothing of the kind",
        "page.xml": b"<html><body>404</body></html>",
        "cut.xml": b"<mediawiki><page><title>A",
        "words.xml": b"no markup at all",
        "words.parquet": b"no parquet at all",
        "empty.parquet": b"",
        "words.jsonl": b"no json\n",
        "short.jsonl": b'{"id": "1", "title": "A"}\n',
        "list.jsonl": b"[1, 2]\n",
        "bytes.jsonl": b"\xff\xfe\x00",
        "empty.jsonl": b"",
        "nothing.xml": b"<mediawiki></mediawiki>",
        "letter.docx": b"PK",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    names = [str(tmp_path / name) for name in files]
    for source in [*names, "no-such-source", str(truncated_bz2(tmp_path))]:
        with pytest.raises(SourceError) as raised:
            list(read(source))
        message = str(raised.value)
        assert message.startswith("found "), message
        assert "\n" not in message
        assert str(tmp_path) not in message


@pytest.mark.parametrize(
    "packed",
    [
        lambda text: text,
        bz2.compress,
        lambda text: bz2.compress(text[:99]) + bz2.compress(text[99:]),
        lambda _: bz2.compress(b""),
    ],
)
def test_an_index_given_in_the_place_of_its_dump_is_not_to_be_fetched_again(
    tmp_path: Path, packed: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "enwiki-multistream-index.txt.bz2"
    path.write_bytes(packed(b"600:10:AccessibleComputing\n" * 20))
    with pytest.raises(SourceError, match=r"found no XML in .* look whether it is the source"):
        list(read_records(str(path)))


def test_a_wiki_whose_settings_make_no_sense_is_read_all_the_same(write_export: Write) -> None:
    path = write_export(page_xml("Port Amity", PROSE, 7))
    text = path.read_text()
    for told, odd in (
        ("https://en.wikipedia.org/wiki/Main_Page", "http://[/x"),
        ('key="14"', 'key="x"'),
        ("<ns>0</ns>", "<ns>--²</ns>"),
    ):
        assert told in text
        text = text.replace(told, odd)
    path.write_text(text)
    page = only_article(path)
    assert (page.article.title, page.article.licence) == ("Port Amity", "")


@pytest.mark.parametrize(
    ("source", "name"),
    [("sample", "sample"), ("a/b/dump.xml.bz2", "dump.xml.bz2"), ("wiki:en:AC/DC", "wiki:en:AC/DC"),
     ("hf:a/b:c", "hf:a/b:c"), ("/", "/")],
)  # fmt: skip
def test_a_source_is_known_by_its_own_name(source: str, name: str) -> None:
    assert source_name(source) == name


def test_the_folder_one_is_in_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text(PROSE)
    (page,) = read(".", licence="CC0-1.0")
    assert isinstance(page, SourceArticle)
    assert page.article.source == source_name(".") == tmp_path.name


def test_an_empty_name_is_no_source() -> None:
    with pytest.raises(SourceError, match="found no source “”"):
        list(read(""))


def test_an_encoding_that_is_not_known_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text('<?xml version="1.0" encoding="foo"?><mediawiki/>')
    with pytest.raises(SourceError, match="an encoding that is not known"):
        list(read(str(path)))
