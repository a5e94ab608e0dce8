"""Disambiguations and lists are recognised by each wiki's own marks, and dumps by their names."""

import pytest

from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import Site, SourcePage
from pipelines.articles.sources import open_source
from tests.pipelines.articles.exports import PROSE, page_xml
from tests.pipelines.articles.test_sources import Write


def reason(language: str, title: str, text: str) -> str:
    found = rejection_reason(SourcePage(Site("s", "", language, ""), title, "1", text))
    return found.code if found else ""


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("en", "{{Hndis|Dole}}"),
        ("de", "{{Begriffsklärung}}"),
        ("fr", "{{Homonymie}}"),
        ("es", "{{desambiguación}}"),
        ("it", "{{Disambigua}}"),
        ("nl", "{{dp}}"),
        ("pt", "{{desambiguação}}"),
        ("pl", "{{Ujednoznacznienie}}"),
        ("sv", "{{gren}}"),
        ("ru", "{{Неоднозначность|ФИО}}"),
        ("ja", "{{Aimai}}"),
        ("zh", "{{消歧义}}"),
        ("ar", "{{توضيح}}"),
        ("bg", "{{disambig}}"),
    ],
)
def test_a_disambiguation_has_the_mark_of_its_wiki(language: str, mark: str) -> None:
    assert reason(language, "Dole", f"{PROSE}\n{mark}") == "disambiguation"


def test_a_mark_of_another_wiki_means_nothing() -> None:
    assert reason("en", "Dole", f"{PROSE}\n{{{{dp}}}}") == ""


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Lists of ports"),
        ("de", "Liste der Häfen"),
        ("fr", "Liste de ports"),
        ("es", "Anexo:Puertos"),
        ("it", "Lista di porti"),
        ("nl", "Lijst van havens"),
        ("pt", "Lista de portos"),
        ("pl", "Lista portów"),
        ("sv", "Lista över hamnar"),
        ("ru", "Список портов"),
        ("ja", "日本の港一覧"),
        ("zh", "港口列表"),
        ("ar", "قائمة الموانئ"),
    ],
)
def test_a_list_has_the_title_of_its_wiki(language: str, title: str) -> None:
    assert reason(language, title, PROSE) == "list"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("enwiki-test.xml", "en"),
        ("dewiki.xml", "de"),  # although its header is the English Wikipedia's
        ("zhwiki-20200101-pages-articles.xml.bz2", "zh"),
        ("mywiki.xml", "en"),  # a name for any wiki; the Burmese Wikipedia has no table
        ("export.xml", "en"),
    ],
)
def test_a_dump_s_name_tells_its_wiki_if_the_header_is_another_one_s(
    write_export: Write, name: str, language: str
) -> None:
    (page,) = open_source(str(write_export(page_xml("Amity", PROSE), name)))
    assert page.site.language == language
    assert page.site.root == f"https://{language}.wikipedia.org/wiki/"
