"""Real pages, where they are at hand: nothing of them is part of the project."""

import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from db.records import Article, Passage, Rejection
from pipelines.articles.intake import read_records
from pipelines.articles.page import Page, Site, SourceArticle
from pipelines.articles.passages import passages

Find = Callable[[str], Path]

MARKUP = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|''|</?[a-zA-Z!][^<>]*>|&[a-zA-Z]+;|https?://|={2,}|__[A-Z]+__"
    r"|\|[a-z_ ]+=|^[*#:;|!]|\bthumb\||\bformula_\d|[\ue000-\ue002]",
    re.MULTILINE,
)
ENWIKI = (
    "wikidump-gensim-enwiki/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)
DUMPS = [
    ENWIKI,
    "wikidump-gensim-enwiki/enwiki-table-markup.xml.bz2",
    "wikidump-gensim-enwiki/bgwiki-latest-pages-articles-shortened.xml.bz2",
    "wikidump-dbpedia-minidumps/enwiki.xml.bz2",
    "wikidump-dbpedia-minidumps/dewiki.xml.bz2",
    "wikidump-dbpedia-minidumps/zhwiki.xml.bz2",
]


@cache
def taken_from(path: Path) -> tuple[Article | Passage | Rejection, ...]:
    """The records of a dump, read once for all the tests that look at them."""
    return tuple(read_records(str(path), workers=1))


def raw_pages(archive: Path) -> Iterator[SourceArticle]:
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                page = Page(Path(member.name).stem, "", stream.read().decode())
                yield SourceArticle(page.article(Site("pages")), page.text, True)


def test_no_markup_is_left_in_any_passage_of_nasty_pages(shared_data: Find) -> None:
    pages = list(raw_pages(shared_data("wikitext-wtf_wikipedia/tests-cache.tar.xz")))
    found = [p for page in pages for p in passages(page) if isinstance(p, Passage)]
    assert len(pages) == 71
    assert len(found) > 600
    assert [p.text for p in found if MARKUP.search(p.text) or MARKUP.search(p.section)] == []


@pytest.mark.parametrize("name", DUMPS)
def test_no_markup_is_left_in_any_passage_of_a_dump(shared_data: Find, name: str) -> None:
    found = [r for r in taken_from(shared_data(name)) if isinstance(r, Passage)]
    assert len(found) >= 5
    assert [p.text for p in found if MARKUP.search(p.text) or MARKUP.search(p.section)] == []


def test_every_page_of_the_english_fragment_is_taken_in_or_refused(shared_data: Find) -> None:
    taken = taken_from(shared_data(ENWIKI))
    refused = Counter(r.reason for r in taken if isinstance(r, Rejection) and r.stage == "articles")
    articles = [r for r in taken if isinstance(r, Article)]
    assert len(articles) + refused.total() == 206
    assert refused["redirect"] == 99
    assert refused["other namespace"] == 1
    assert len(articles) >= 90
    with_passages = {r.article for r in taken if isinstance(r, Passage)}
    without = {r.subject for r in taken if isinstance(r, Rejection) and r.reason == "no passage"}
    assert {a.id for a in articles} == with_passages | without


def test_the_parquet_of_500_articles_is_read(shared_data: Find) -> None:
    path = shared_data("hf-schema-derived/train-00000-of-00001.parquet")
    taken = list(read_records(str(path), workers=1))
    articles = sum(isinstance(r, Article) for r in taken)
    refused = sum(isinstance(r, Rejection) and r.stage == "articles" for r in taken)
    assert articles + refused == 500
    assert articles > 450


def test_the_fragment_as_many_streams_gives_the_same_records(shared_data: Find) -> None:
    name = (
        "wikidump-multistream-derived/enwiki-20160501-shortened-pages-articles-multistream.xml.bz2"
    )
    taken = [
        r.id for r in read_records(str(shared_data(name)), workers=2) if not isinstance(r, Rejection)
    ]
    whole = taken_from(shared_data(ENWIKI))
    assert taken == [r.id for r in whole if not isinstance(r, Rejection)]
