import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Article, Passage, Rejection
from pipelines.articles.passages import PassageConfig, count_words, split_passages
from pipelines.articles.source_page import Site, SourcePage
from pipelines.text.sentences import split_sentences
from tests.pipelines.articles.exports import PROSE

ARTICLE = Article(url="https://x.example/A", revision="1", digest="d", title="A", source="s.xml").id
SENTENCE = "The ferry leaves the long pier for the islands every morning. "


def cut(text: str, is_wikitext: bool = True) -> list[Passage | Rejection]:
    page = SourcePage(Site("s.xml"), "A", "", text, is_wikitext)
    return list(split_passages(page, ARTICLE))


def reasons(records: list[Passage | Rejection]) -> list[str]:
    return [record.reason for record in records if isinstance(record, Rejection)]


def test_a_paragraph_within_the_limits_is_one_passage() -> None:
    (passage,) = cut(f"== Harbour ==\n{PROSE}")
    assert isinstance(passage, Passage)
    assert passage.text == PROSE
    assert (passage.article, passage.section, passage.position) == (ARTICLE, "Harbour", 0)


def test_positions_count_the_passages_of_the_whole_article() -> None:
    records = cut(f"{PROSE}\n\n{PROSE}\n== Trade ==\n{PROSE}")
    assert [(p.section, p.position) for p in records if isinstance(p, Passage)] == [
        ("", 0),
        ("", 1),
        ("Trade", 2),
    ]


def test_short_paragraphs_are_joined_to_the_next_one_of_their_section() -> None:
    short = (SENTENCE * 3).strip()
    (passage,) = cut(f"{short}\n\n{short}")
    assert isinstance(passage, Passage)
    assert passage.text == f"{short}\n{short}"


def test_a_long_paragraph_is_cut_between_sentences_into_even_parts() -> None:
    records = cut(SENTENCE * 40)
    texts = [p.text for p in records if isinstance(p, Passage)]
    assert not reasons(records)
    assert " ".join(texts) == (SENTENCE * 40).strip()
    lengths = [count_words(text) for text in texts]
    assert max(lengths) <= 150
    assert min(lengths) >= 100


def test_a_short_section_is_rejected_with_its_text() -> None:
    records = cut(f"{PROSE}\n== Trade ==\nFish is sold there.")
    (rejection,) = (item for item in records if isinstance(item, Rejection))
    assert (rejection.reason, rejection.subject, rejection.stage) == (
        "too short",
        ARTICLE,
        "passages",
    )
    assert rejection.text == "Fish is sold there."
    assert rejection.scope == "s.xml"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE + r" So <math>\int_0^1 f(x)\,dx</math> is <b>known</b>.", "formula"),
        (PROSE.replace("two piers", "{{port count|2}} piers"), "unknown template"),
        (PROSE.replace("two piers", "&lt;ref&gt; piers"), "markup left"),
        (PROSE.replace("two piers", "the . Next"), "gap in the text"),
    ],
)
def test_a_stretch_that_is_not_clean_prose_is_rejected(text: str, reason: str) -> None:
    assert reasons(cut(text)) == [reason, "no passage"]


def test_an_unknown_template_is_named() -> None:
    first, _ = cut(PROSE.replace("two piers", "{{Port count|2}} piers"))
    assert isinstance(first, Rejection)
    assert first.detail == "stretch 1: port count"


def test_a_formula_placeholder_in_plain_text_rejects_its_passage() -> None:
    assert reasons(cut(PROSE.replace("two piers", "formula_1"), is_wikitext=False))[0] == "formula"


def test_gaps_in_plain_text_are_repaired() -> None:
    (passage,) = cut(
        PROSE.replace("Port Amity", "Port Amity (; ]; built early)"), is_wikitext=False
    )
    assert isinstance(passage, Passage)
    assert "Port Amity (built early) was laid out" in passage.text


def test_the_introduction_of_a_list_is_dropped() -> None:
    (passage,) = cut(f"{PROSE} Its piers are:\n* North\n* South")
    assert isinstance(passage, Passage)
    assert passage.text == PROSE


@pytest.mark.parametrize("stop", [".", "؟", "۔", "।", "։", "。"])
def test_a_paragraph_ends_with_the_stop_of_its_script(stop: str) -> None:
    text = f"{SENTENCE.strip()} " * 5 + f"It is old{stop}"
    (passage,) = cut(f"{text}\n* North")
    assert isinstance(passage, Passage)
    assert passage.text == text


def test_an_article_without_passages_is_rejected_once_more() -> None:
    assert reasons(cut("* a list\n* alone")) == ["no passage"]


def test_equal_rejections_of_one_article_are_separate_records() -> None:
    records = cut(f"== A ==\nShort.\n== B ==\nShort.\n== C ==\n{PROSE}")
    ids = {item.id for item in records if isinstance(item, Rejection)}
    assert len(ids) == 2


def test_a_maximum_under_twice_the_minimum_is_rejected() -> None:
    with pytest.raises(ValueError, match="maximum_words to at least twice minimum_words"):
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
        ["هل الميناء قديم؟", "بُني عام 1834."],
        ["یہ بندرگاہ پرانی ہے۔", "یہ 1834 میں بنی۔"],
        ["बंदरगाह पुराना है।", "यह 1834 में बना।"],
        ["Նավահանգիստը հին է։", "Այն կառուցվել է 1834 թվականին։"],
    ],
)
def test_paragraphs_are_split_at_the_ends_of_sentences(parts: list[str]) -> None:
    joined = "".join(parts) if parts[0].endswith("。") else " ".join(parts)
    assert split_sentences(joined) == parts


@given(st.lists(st.sampled_from([SENTENCE.strip(), "It is old.", "Why?", "So “it” is."])))
def test_splitting_sentences_keeps_every_word(parts: list[str]) -> None:
    assert " ".join(split_sentences(" ".join(parts))) == " ".join(parts)


@given(st.integers(min_value=4, max_value=200))
def test_passages_of_a_long_paragraph_keep_its_words_and_the_limits(count: int) -> None:
    records = cut(SENTENCE * count)
    texts = [p.text for p in records if isinstance(p, Passage)]
    assert " ".join(texts).split() == (SENTENCE * count).split()
    assert all(40 <= count_words(text) <= 150 for text in texts)


@given(st.text(alphabet="ab{}[]|<>'=&; ", max_size=60))
def test_passages_of_random_markup_have_none(soup: str) -> None:
    for passage in cut(PROSE.replace("two piers", soup)):
        if isinstance(passage, Passage):
            assert not re.search(r"\{\{|\}\}|\[\[|\]\]|''|</?[a-z][^<>]*>", passage.text)


def test_a_passage_keeps_its_id_when_an_earlier_part_is_rejected() -> None:
    whole = cut(f"{PROSE}\n\n{PROSE} It is old.\n== Trade ==\n{PROSE}")
    holed = cut(f"{PROSE}\n\n{PROSE} It is {{{{unknown}}}} old.\n== Trade ==\n{PROSE}")
    ids = [[p.id for p in records if isinstance(p, Passage)] for records in (whole, holed)]
    assert ids[1] == [ids[0][0], ids[0][2]]
