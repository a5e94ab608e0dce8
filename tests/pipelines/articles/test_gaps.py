import pytest

from db.records import Passage, Rejection
from pipelines.articles.gaps import mark_gaps
from pipelines.articles.passages import split_passages
from pipelines.articles.source_page import Site, SourcePage
from pipelines.wikipedia.wikitext.markers import HOLE
from tests.pipelines.articles.exports import PROSE


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It has an area of  and a harbour."),
        ("en", "It has an area of \xa0and a harbour."),
        ("en", "Its population is approximately ."),
        ("en", "It rises to , then falls."),
        ("en", "It lies at the ."),
        ("en", "It lies at the. Then it falls."),
        ("en", "The ferry (built for ) is old."),
        ("en", "Its sister, , was sold."),
        ("en", "It cost £ in 1834."),
        ("de", "Eine Gemeinde mit  Einwohnern."),
        ("de", "Eine Gemeinde (Stand ) im Norden."),
        ("de", "Sie liegt auf einem. Dort steht sie."),
        ("fr", "Le col se trouve à  d'altitude."),
        ("fr", "Il produit environ ."),
        ("es", "Tiene una superficie de  y está en la costa."),
        ("es", "Está a unos . Es antigua."),
        ("it", "Ha una superficie di , ed è antica."),
        ("nl", "De haven heeft  inwoners."),
        ("sv", "Hamnen har  invånare."),
        ("ru", "Население составляет  человек."),
    ],
)
def test_a_trace_of_a_removed_template_is_a_hole(language: str, text: str) -> None:
    assert HOLE in mark_gaps(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It is old.  It stands."),
        ("en", "“Is it old?”  It is."),
        ("en", "He wrote . . . and left."),
        ("en", "Amity (; born 1834) and Amity (, built early), a port"),
        ("en", "Aristotle (Ἀριστοτέλης, , born early)"),
        ("en", "It runs on .NET and costs $5 or £ 6."),
        ("en", "A heading\n\n  An indented line"),
        ("fr", "Est-il vieux ? Oui ; il dit : « oui » !"),
        ("zh", "港口很古老。  仍在使用。"),
    ],
)
def test_ordinary_spacing_is_no_gap(language: str, text: str) -> None:
    assert mark_gaps(text, language) == text


def records(text: str, url: str = "", language: str = "en") -> list[Passage | Rejection]:
    site = Site("rows.jsonl", language=language)
    page = SourcePage(site, "A", "", text, is_wikitext=False, url=url)
    return list(split_passages(page, "article"))


def test_a_passage_with_a_gap_is_rejected_with_its_trace() -> None:
    first, _ = records(PROSE.replace("two piers", "and of  piers"))
    assert isinstance(first, Rejection)
    assert (first.reason, first.detail) == ("gap in the text", "stretch 1: double space")
    assert "{{double space}}" in first.text


def test_documents_are_not_searched_for_gaps() -> None:
    (passage,) = records(PROSE.replace("two piers", "two , piers"), "documents:a.md")
    assert isinstance(passage, Passage)


def test_french_keeps_its_spaces_before_punctuation() -> None:
    text = PROSE.replace("two piers", "deux quais : est et ouest ; vieux !")
    (passage,) = records(text, language="fr")
    assert isinstance(passage, Passage)
    assert "quais : est et ouest ; vieux !" in passage.text
