"""Quotations in blocks: their introduction, text and author are kept or dropped together."""

import pytest

from db.records import Passage
from pipelines.articles.passages import PassageConfig, split_passages
from pipelines.articles.source_page import Site, SourcePage
from tests.pipelines.articles.exports import PROSE

QUOTED = "The bridge will fall before the year is out. It is badly built."
LEAD = "Her rival wrote of her in the spring of 1911:"


def passages(text: str, config: PassageConfig | None = None, language: str = "en") -> list[str]:
    page = SourcePage(Site("s.xml", language=language), "A", "", text)
    records = split_passages(page, "article", config)
    return [record.text for record in records if isinstance(record, Passage)]


@pytest.mark.parametrize(
    "block",
    [
        f"{{{{quote|{QUOTED}|Karl Voss|''Herald''}}}}",
        f"{{{{quote|text={QUOTED}|author=Karl Voss|source=''Herald''}}}}",
        f"{{{{cquote|{QUOTED}|author=Karl Voss|source=''Herald''}}}}",
        f"{{{{cquote|{QUOTED}|20px|20px|Karl Voss|''Herald''}}}}",
        f"{{{{blockquote|text={QUOTED}|by=Karl Voss|source=Herald}}}}",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n", " "])
def test_a_quotation_keeps_its_introduction_and_author(block: str, gap: str) -> None:
    (text, last) = passages(f"{PROSE} {LEAD}{gap}{block}\n\n{PROSE}")
    assert text == f"{PROSE} {LEAD} “{QUOTED}” — Karl Voss, Herald"
    assert last == PROSE


@pytest.mark.parametrize("tag", ["blockquote", "poem"])
def test_a_quotation_in_a_tag_keeps_its_introduction(tag: str) -> None:
    (text,) = passages(f"{PROSE} {LEAD}\n<{tag}>\n{QUOTED}\n</{tag}>")
    assert text == f"{PROSE} {LEAD} “{QUOTED}”"


def test_a_sentence_that_goes_on_after_a_quotation_stays_whole() -> None:
    quotation = "{{quote|the defendant had lied.|Judge Hall}}"
    (text,) = passages(f"{PROSE} A court found that {quotation} and fined the paper.")
    expected = "A court found that “the defendant had lied.” — Judge Hall — and fined the paper."
    assert text == f"{PROSE} {expected}"


def test_a_quotation_after_a_whole_sentence_is_a_paragraph() -> None:
    texts = passages(f"{PROSE}\n\n{{{{quote|{PROSE}|Karl Voss}}}}")
    assert texts == [PROSE, f"“{PROSE}” — Karl Voss"]


def test_an_indented_quotation_is_dropped_with_its_introduction() -> None:
    (text,) = passages(f'{PROSE} In her reply she said:\n:"I have read better fiction."')
    assert text == PROSE


def test_a_removed_block_takes_its_introduction_along() -> None:
    (text,) = passages(f"{PROSE} {LEAD}\n{{{{Unknown quotation\n|text={QUOTED}\n}}}}")
    assert text == PROSE


def test_a_cut_never_separates_a_quotation_from_its_introduction() -> None:
    sentence = "The ferry leaves the long pier for the islands every morning. "
    long_quotation = (sentence * 6).strip()
    config = PassageConfig(20, 60)
    texts = passages(f"{sentence * 5}{LEAD} {{{{quote|{long_quotation}|Karl Voss}}}}", config)
    (quoting,) = [text for text in texts if "Voss" in text or "rival" in text]
    assert quoting.endswith(f"{LEAD} “{long_quotation}” — Karl Voss")


def test_a_quotation_with_a_hole_rejects_its_introduction() -> None:
    assert passages(f"{PROSE} {LEAD}\n{{{{quote|It has {{{{count|2}}}} piers.|Voss}}}}") == []


def test_quotation_marks_follow_the_language() -> None:
    (text,) = passages(f"{{{{Zitat|{PROSE}|Karl Voss}}}}", language="de")
    assert text == f"„{PROSE}“ — Karl Voss"


def test_the_rest_of_a_sentence_after_a_list_is_not_joined_to_a_passage() -> None:
    texts = passages(f"Old.\n\n{PROSE} Its piers are\n* North\n* South\nand they are very old.")
    assert not any("and they are" in text for text in texts)
