"""Sources that would exhaust memory or time are rejected, each in one sentence."""

import bz2
import json
import tracemalloc
from pathlib import Path

import pytest

from pipelines.articles.intake import read_batches
from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import Site, SourcePage
from pipelines.errors import SourceError
from pipelines.wikipedia.multistream import find_streams
from pipelines.wikipedia.wikitext.sections import parse_wikitext

BASE = "<base>https://en.wikipedia.org/wiki/Main_Page</base>"
HEAD = f'<mediawiki xml:lang="en"><siteinfo>{BASE}</siteinfo>'
REVISION = "<revision><id>1</id><text>{}</text></revision>"
PAGE = f"<page><title>T</title><ns>0</ns><id>1</id>{REVISION}</page>"
MEGABYTE = "a few words. " * 80_000
COUNT = 100_000


def records(path: Path) -> int:
    return sum(len(batch.records) for batch in read_batches(str(path), workers=1))


def test_a_page_that_never_ends_is_an_error_that_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.xml"
    before, after = PAGE.split("{}")
    path.write_text(f"{HEAD}{before}{MEGABYTE * 200}{after}</mediawiki>", encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(SourceError, match=r"endless\.xml has a page of more than 50 MB"):
        records(path)
    assert tracemalloc.get_traced_memory()[1] < 400_000_000
    tracemalloc.stop()


def test_a_stream_that_expands_too_far_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bomb-multistream.xml.bz2"
    bomb = bz2.compress(b"<page>" + b" " * 210_000_000)
    path.write_bytes(bz2.compress(HEAD.encode()) + bomb + bz2.compress(b"</mediawiki>"))
    (stream,) = list(find_streams(path, path.name))[:1]
    with pytest.raises(SourceError, match="expands to more than 200 MB"):
        list(stream.read_pages())


def test_a_line_of_a_table_that_never_ends_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    row = {"id": "1", "url": "u", "title": "T", "text": "a few words. " * 5_000_000}
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(SourceError, match="line 1 has more than 50 million characters"):
        records(path)


def test_earlier_revisions_are_dropped_as_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "history.xml"
    revisions = REVISION.format(MEGABYTE) * 60
    end = REVISION.format("The last revision has a sentence. " * 20)
    page = f"<page><title>T</title><ns>0</ns><id>1</id>{revisions}{end}</page>"
    path.write_text(f"{HEAD}{page}</mediawiki>", encoding="utf-8")
    tracemalloc.start()
    assert records(path) == 2
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


def test_a_page_larger_than_mediawiki_saves_is_rejected() -> None:
    page = SourcePage(Site("s", "", "en", ""), "T", "1", "A sentence. " * 400_000)
    reason = rejection_reason(page)
    assert reason is not None
    assert reason.code == "too large"


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 1_000_000,
        "{{" * COUNT + "}}" * COUNT,
        "[[" * 150 + "}}" * COUNT,
        ("[[" * 150 + "}}" * 150) * 1_000,
        "{{[[" * COUNT,
        "<math>" * COUNT,
        "</gallery>" + "<gallery>" * COUNT,
        "<blockquote>" * COUNT,
        "<ref>" * COUNT,
        "-{" * COUNT + "}-" * COUNT,
        "'''a''b" * COUNT,
        "<ul><li>" * COUNT,
        "<ul>" * COUNT + "</ul>" * COUNT,
        "<span style=display:none>" * COUNT,
        "<span " + "style=" * COUNT + "></span>",
        "<sup>1" * COUNT,
        "[//x" * COUNT,
        "[//" + "x" * COUNT,
        "<h2>" * COUNT,
        "<rt>" * COUNT,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_of_nested_or_unclosed_markup_is_read_in_one_pass(text: str, language: str) -> None:
    sections = parse_wikitext(f"{text}\n\nThe rest of the page is prose.", language)
    assert len(sections) <= 1
