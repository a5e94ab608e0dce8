import bz2
from collections.abc import Callable
from pathlib import Path

import pytest

from db.records import Article, Passage, Rejection
from pipelines.articles.source_page import SourcePage
from pipelines.articles.sources import source_name
from pipelines.errors import SourceError
from tests.pipelines.articles.exports import PROSE, page_xml
from tests.pipelines.articles.reading import read, read_records

Write = Callable[..., Path]


def read_page(path: Path) -> SourcePage:
    (page,) = read(str(path))
    assert isinstance(page, SourcePage)
    return page


def read_article(path: Path) -> Article:
    return read_page(path).to_article()


@pytest.mark.parametrize("name", ["enwiki-test.xml", "enwiki-test.xml.bz2"])
@pytest.mark.parametrize("schema", ["0.10", "0.11"])
def test_an_export_becomes_an_article_with_its_metadata(
    write_export: Write, name: str, schema: str
) -> None:
    page = read_page(write_export(page_xml("Port Amity", PROSE, 7), name, schema))
    assert page.text == PROSE
    assert page.is_wikitext
    article = page.to_article()
    assert article.title == "Port Amity"
    assert article.url == "https://en.wikipedia.org/wiki/Port_Amity"
    assert (article.revision, article.page, article.language) == ("1007", "7", "en")
    assert article.source == name


def test_links_to_the_file_namespace_that_a_dump_names_show_nothing(
    write_export: Write,
) -> None:
    text = f"{PROSE} It is old.[[Αρχείο:pier.jpg|thumb|A pier.]][[Κατηγορία:Ports]]"
    path = write_export(page_xml("Amity", text), "elwiki.xml")
    content = path.read_text(encoding="utf-8").replace("en.wikipedia", "el.wikipedia")
    names = '<namespace key="6">Αρχείο</namespace><namespace key="14">Κατηγορία</namespace>'
    content = content.replace("</namespaces>", f"{names}</namespaces>").replace("enwiki", "elwiki")
    path.write_text(content, encoding="utf-8")
    (passage,) = (r for r in read_records(str(path)) if isinstance(r, Passage))
    assert passage.text == f"{PROSE} It is old."


def test_a_revision_before_june_2023_has_the_older_licence(
    write_export: Write,
) -> None:
    older = page_xml("Port Amity", PROSE, timestamp="2023-06-06T23:59:59Z")
    newer = page_xml("Port Amity", PROSE, timestamp="2023-06-07T00:00:00Z")
    assert read_article(write_export(older)).licence == "CC BY-SA 3.0 and GFDL"
    assert read_article(write_export(newer)).licence == "CC BY-SA 4.0"


def test_moving_a_file_does_not_change_its_articles(write_export: Write, tmp_path: Path) -> None:
    path = write_export(page_xml("Port Amity", PROSE))
    other = tmp_path / "elsewhere"
    other.mkdir()
    copy = other / path.name
    copy.write_bytes(path.read_bytes())
    assert read_article(path) == read_article(copy)
    assert str(tmp_path) not in repr(read_article(path))


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
def test_pages_without_prose_are_rejected_with_a_reason(
    write_export: Write, title: str, text: str, redirect: str, reason: str
) -> None:
    (page,) = read(str(write_export(page_xml(title, text, redirect=redirect))))
    assert isinstance(page, Rejection)
    assert (page.subject, page.reason, page.stage) == (title, reason, "articles")
    assert page.scope == "enwiki-test.xml"


def test_pages_keep_the_order_of_the_export(write_export: Write) -> None:
    titles = [f"Port {n}" for n in range(40)]
    path = write_export("".join(page_xml(t, PROSE, n) for n, t in enumerate(titles)))
    assert [p.title for p in read(str(path)) if isinstance(p, SourcePage)] == titles


def test_an_export_in_utf16_is_read(tmp_path: Path, write_export: Write) -> None:
    text = write_export(page_xml("Порт", PROSE)).read_text()
    path = tmp_path / "bgwiki.xml"
    path.write_bytes(('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16"))
    assert read_article(path).title == "Порт"


def test_a_dump_without_siteinfo_gets_its_wiki_from_its_file_name(tmp_path: Path) -> None:
    path = tmp_path / "dewiki-latest.xml"
    path.write_text(f"<mediawiki>{page_xml('Hafen', PROSE)}</mediawiki>")
    article = read_article(path)
    assert article.url == "https://de.wikipedia.org/wiki/Hafen"
    assert article.language == "de"


def test_only_the_last_revision_of_a_page_is_read(write_export: Write) -> None:
    page = page_xml("Port Amity", "Old words.").replace(
        "</page>",
        f"<revision><id>2</id><timestamp>2024-01-01T00:00:00Z</timestamp>"
        f"<text>{PROSE}</text></revision></page>",
    )
    assert read_article(write_export(page)).revision == "2"


def test_pages_before_the_end_of_a_truncated_dump_are_complete(write_export: Write) -> None:
    path = write_export("".join(page_xml(f"Port {n}", PROSE, n) for n in range(400)))
    path.write_bytes(path.read_bytes()[:-20_000])
    pages = read(str(path))
    first = next(pages)
    assert isinstance(first, SourcePage)
    assert first.text == PROSE
    with pytest.raises(SourceError, match=r"after 3\d\d pages"):
        list(pages)


def truncated_bz2(tmp_path: Path) -> Path:
    path = tmp_path / "enwiki.xml.bz2"
    path.write_bytes(bz2.compress(b"<mediawiki>" + b"<page/>" * 5000)[:-30])
    return path


def test_every_unreadable_source_is_named_in_its_error(tmp_path: Path, write_export: Write) -> None:
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
    paths = [*(tmp_path / name for name in files), truncated_bz2(tmp_path), Path("no-such-source")]
    for path in paths:
        with pytest.raises(SourceError) as raised:
            list(read(str(path)))
        message = str(raised.value)
        assert message.lstrip("“").startswith(path.name), message
        assert message.endswith("."), message
        assert "\n" not in message
        assert str(tmp_path) not in message


@pytest.mark.parametrize(
    "compress",
    [
        lambda text: text,
        bz2.compress,
        lambda text: bz2.compress(text[:99]) + bz2.compress(text[99:]),
        lambda _: bz2.compress(b""),
    ],
)
def test_the_index_of_a_dump_is_recognised_as_the_wrong_file(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "enwiki-multistream-index.txt.bz2"
    path.write_bytes(compress(b"600:10:AccessibleComputing\n" * 20))
    with pytest.raises(SourceError, match=r"isn't XML.* Check that this is the source"):
        list(read_records(str(path)))


def test_a_dump_with_malformed_siteinfo_is_still_read(write_export: Write) -> None:
    path = write_export(page_xml("Port Amity", PROSE, 7))
    text = path.read_text()
    for value, malformed in (
        ("https://en.wikipedia.org/wiki/Main_Page", "http://[/x"),
        ('key="14"', 'key="x"'),
        ("<ns>0</ns>", "<ns>--²</ns>"),
    ):
        assert value in text
        text = text.replace(value, malformed)
    path.write_text(text)
    article = read_article(path)
    assert (article.title, article.licence) == ("Port Amity", "")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("sample", "sample"),
        ("a/b/dump.xml.bz2", "dump.xml.bz2"),
        ("wiki:en:AC/DC", "wiki:en:AC/DC"),
        ("hf:a/b:c", "hf:a/b:c"),
        ("/", "/"),
    ],
)
def test_the_name_of_a_source_has_no_folder(source: str, name: str) -> None:
    assert source_name(source) == name


def test_the_current_folder_is_stored_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text(PROSE)
    (page,) = read(".", licence="CC0-1.0")
    assert isinstance(page, SourcePage)
    assert page.site.source == source_name(".") == tmp_path.name


def test_an_empty_source_is_rejected() -> None:
    with pytest.raises(SourceError, match=r"^“” isn't an article source\. Use `sample`"):
        list(read(""))


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "enwiki.xml"
    path.write_text('<?xml version="1.0" encoding="foo"?><mediawiki/>')
    with pytest.raises(SourceError, match=r"unknown XML encoding \(unknown encoding: foo\)"):
        list(read(str(path)))
