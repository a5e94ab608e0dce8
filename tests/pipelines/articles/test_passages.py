import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article, Passage, Rejection
from pipelines.articles.page import SourceArticle
from pipelines.articles.passages import PassageConfig, count_words, passages
from pipelines.sentences import sentences
from tests.pipelines.articles.exports import PROSE

ARTICLE = Article(url="https://x.example/A", revision="1", digest="d", title="A", source="s.xml")
SENTENCE = "The ferry leaves the long pier for the islands every morning. "


def cut(
    text: str, markup: bool = True, config: PassageConfig | None = None
) -> list[Passage | Rejection]:
    return list(passages(SourceArticle(ARTICLE, text, markup), config))


def reasons(found: list[Passage | Rejection]) -> list[str]:
    return [item.reason for item in found if isinstance(item, Rejection)]


def test_a_paragraph_of_a_good_length_is_one_passage() -> None:
    (passage,) = cut(f"== Harbour ==\n{PROSE}")
    assert isinstance(passage, Passage)
    assert passage.text == PROSE
    assert (passage.article, passage.section, passage.position) == (ARTICLE.id, "Harbour", 0)


def test_positions_count_the_passages_of_the_whole_article() -> None:
    found = cut(f"{PROSE}\n\n{PROSE}\n== Trade ==\n{PROSE}")
    assert [(p.section, p.position) for p in found if isinstance(p, Passage)] == [
        ("", 0),
        ("", 1),
        ("Trade", 2),
    ]


def test_short_paragraphs_are_joined_with_the_next_of_their_section() -> None:
    short = (SENTENCE * 3).strip()
    (passage,) = cut(f"{short}\n\n{short}")
    assert isinstance(passage, Passage)
    assert passage.text == f"{short}\n{short}"


def test_a_long_paragraph_is_cut_between_sentences_into_even_parts() -> None:
    found = cut(SENTENCE * 40)
    texts = [p.text for p in found if isinstance(p, Passage)]
    assert not reasons(found)
    assert " ".join(texts) == (SENTENCE * 40).strip()
    lengths = [count_words(text) for text in texts]
    assert max(lengths) <= 150
    assert min(lengths) >= 100


def test_a_short_section_is_refused_with_its_text() -> None:
    found = cut(f"{PROSE}\n== Trade ==\nFish is sold there.")
    (refusal,) = (item for item in found if isinstance(item, Rejection))
    assert (refusal.reason, refusal.subject, refusal.stage) == (
        "too short",
        ARTICLE.id,
        "passages",
    )
    assert refusal.text == "Fish is sold there."
    assert refusal.scope == "s.xml"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE + r" So <math>\int_0^1 f(x)\,dx</math> is <b>known</b>.", "formula"),
        (PROSE.replace("two piers", "{{port count|2}} piers"), "unknown template"),
        (PROSE.replace("two piers", "&lt;ref&gt; piers"), "markup left"),
        (PROSE.replace("two piers", "the . Next"), "gap in the text"),
    ],
)
def test_a_stretch_that_could_not_be_put_into_words_is_refused(text: str, reason: str) -> None:
    assert reasons(cut(text)) == [reason, "no passage"]


def test_an_unknown_template_is_named() -> None:
    first, _ = cut(PROSE.replace("two piers", "{{Port count|2}} piers"))
    assert isinstance(first, Rejection)
    assert first.detail == "stretch 1: port count"


def test_a_placeholder_for_a_formula_in_plain_text_refuses_its_passage() -> None:
    assert reasons(cut(PROSE.replace("two piers", "formula_1"), markup=False))[0] == "formula"


def test_gaps_of_plain_texts_are_closed() -> None:
    (passage,) = cut(PROSE.replace("Port Amity", "Port Amity (; ]; built early)"), markup=False)
    assert isinstance(passage, Passage)
    assert "Port Amity (built early) was laid out" in passage.text


def test_a_sentence_that_only_led_to_a_list_is_left_out() -> None:
    (passage,) = cut(f"{PROSE} Its piers are:\n* North\n* South")
    assert isinstance(passage, Passage)
    assert passage.text == PROSE


def test_an_article_without_passages_says_so() -> None:
    assert reasons(cut("* a list\n* alone")) == ["no passage"]


def test_two_refusals_of_one_article_are_two_records() -> None:
    found = cut(f"== A ==\nShort.\n== B ==\nShort.\n== C ==\n{PROSE}")
    refused = {item.id for item in found if isinstance(item, Rejection)}
    assert len(refused) == 2


def test_a_config_whose_parts_would_be_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least twice the minimum"):
        PassageConfig(minimum_words=40, maximum_words=70)


@pytest.mark.parametrize(
    "parts",
    [
        ["It was built by J. R. Dole in 1834.", "It stands."],
        ["Dr. Dole met Gov. Hill on Jan. 3.", "They spoke."],
        ["It cost 3.5 million, i.e. too much.", "It stands."],
        ["They came from the U.S. Navy.", "All left."],
        ["They came from the U.S.", "The port grew."],
        ["“Is it done?”", "“It is.”"],
        ["Was it so?", "Yes!", "It was."],
        ["港は古い。", "今も使われている。"],
    ],
)
def test_paragraphs_are_cut_where_sentences_end(parts: list[str]) -> None:
    joined = "".join(parts) if parts[0].endswith("。") else " ".join(parts)
    assert sentences(joined) == parts


@given(st.lists(st.sampled_from([SENTENCE.strip(), "It is old.", "Why?", "So “it” is."])))
def test_no_sentence_is_lost_by_cutting(parts: list[str]) -> None:
    assert " ".join(sentences(" ".join(parts))) == " ".join(parts)


@given(st.integers(min_value=4, max_value=200))
def test_the_words_of_a_paragraph_are_the_words_of_its_passages(count: int) -> None:
    found = cut(SENTENCE * count)
    texts = [p.text for p in found if isinstance(p, Passage)]
    assert " ".join(texts).split() == (SENTENCE * count).split()
    assert all(40 <= count_words(text) <= 150 for text in texts)


@given(st.text(alphabet="ab{}[]|<>'=&; ", max_size=60))
def test_no_markup_survives_in_a_passage_whatever_the_editors_typed(soup: str) -> None:
    for passage in cut(PROSE.replace("two piers", soup)):
        if isinstance(passage, Passage):
            assert not re.search(r"\{\{|\}\}|\[\[|\]\]|''|</?[a-z][^<>]*>", passage.text)
