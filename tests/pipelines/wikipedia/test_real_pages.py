"""Real pages from the shared data, which isn't part of the project."""

import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from db.records import Article, Passage, Rejection
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import Site, SourcePage
from tests.pipelines.articles.reading import read_records

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
def read_dump(path: Path) -> tuple[Article | Passage | Rejection, ...]:
    """The records of a dump, read once for all tests."""
    return tuple(read_records(str(path), workers=1))


def raw_pages(archive: Path) -> Iterator[SourcePage]:
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                title, text = Path(member.name).stem, stream.read().decode()
                yield SourcePage(Site("pages"), title, "", text)


def test_no_markup_is_left_in_any_passage_of_nasty_pages(shared_data: Find) -> None:
    pages = list(raw_pages(shared_data("wikitext-wtf_wikipedia/tests-cache.tar.xz")))
    records = [record for page in pages for record in split_passages(page, page.title)]
    passages = [record for record in records if isinstance(record, Passage)]
    assert len(pages) == 71
    assert len(passages) > 600
    assert [p.text for p in passages if MARKUP.search(p.text) or MARKUP.search(p.section)] == []


@pytest.mark.parametrize("name", DUMPS)
def test_no_markup_is_left_in_any_passage_of_a_dump(shared_data: Find, name: str) -> None:
    passages = [r for r in read_dump(shared_data(name)) if isinstance(r, Passage)]
    assert len(passages) >= 5
    assert [p.text for p in passages if MARKUP.search(p.text) or MARKUP.search(p.section)] == []


def test_every_page_of_the_english_fragment_is_accepted_or_rejected(shared_data: Find) -> None:
    records = read_dump(shared_data(ENWIKI))
    rejections = [r for r in records if isinstance(r, Rejection)]
    rejected = Counter(r.reason for r in rejections if r.stage == "articles")
    articles = [r for r in records if isinstance(r, Article)]
    assert len(articles) + rejected.total() == 206
    assert rejected["redirect"] == 99
    assert rejected["other namespace"] == 1
    assert len(articles) >= 90
    with_passages = {r.article for r in records if isinstance(r, Passage)}
    without = {r.subject for r in rejections if r.reason == "no passage"}
    assert {a.id for a in articles} == with_passages | without


def test_a_parquet_file_with_500_articles_is_read(shared_data: Find) -> None:
    path = shared_data("hf-schema-derived/train-00000-of-00001.parquet")
    records = list(read_records(str(path), workers=1))
    articles = sum(isinstance(r, Article) for r in records)
    rejected = sum(isinstance(r, Rejection) and r.stage == "articles" for r in records)
    assert articles + rejected == 500
    assert articles > 450


def test_the_multistream_fragment_gives_the_same_records(shared_data: Find) -> None:
    name = (
        "wikidump-multistream-derived/enwiki-20160501-shortened-pages-articles-multistream.xml.bz2"
    )
    records = [
        r.id
        for r in read_records(str(shared_data(name)), workers=2)
        if not isinstance(r, Rejection)
    ]
    whole = read_dump(shared_data(ENWIKI))
    assert records == [r.id for r in whole if not isinstance(r, Rejection)]
