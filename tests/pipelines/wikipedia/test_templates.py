"""What template calls show on each wiki. `HOLE` means that their passage is rejected."""

import html
import tomllib
from pathlib import Path

import pytest

from pipelines.wikipedia.templates.rendering import render_template
from pipelines.wikipedia.templates.wiki import load_wiki
from pipelines.wikipedia.wikitext.markers import FRACTION, HOLE, has_hole, show_quotations
from pipelines.wikipedia.wikitext.sections import parse_wikitext


def show(call: str, language: str = "en") -> str:
    text = render_template(call[2:-2], load_wiki(language), "Port Amity")
    return HOLE if has_hole(text) else show_quotations(html.unescape(text.replace(FRACTION, "")))


def plain(text: str, language: str = "en") -> str:
    sections = parse_wikitext(text, language, "Port Amity")
    return "\n".join("\n".join(section.paragraphs) for section in sections)


def listed_calls() -> list[tuple[str, str, str]]:
    """The wiki, the call and the text of each row in the table of template calls."""
    text = Path(__file__).with_name("template_calls.toml").read_text(encoding="utf-8")
    return [
        (group["wiki"], call, expected)
        for group in tomllib.loads(text)["template"]
        for call, expected in group["calls"]
    ]


def test_the_table_holds_300_calls() -> None:
    calls = listed_calls()
    assert len({(wiki, call) for wiki, call, _ in calls}) == len(calls) >= 300


@pytest.mark.parametrize(("wiki", "call", "expected"), listed_calls())
def test_a_template_shows_its_text_or_leaves_a_hole(wiki: str, call: str, expected: str) -> None:
    assert show(call, wiki) == (HOLE if expected == "HOLE" else expected)


@pytest.mark.parametrize("number", ["1" * 5000, "²", "١٢٣٤", "1e999999", "−", "."])
@pytest.mark.parametrize(
    "call",
    [
        "formatnum:{}", "convert|{}|km|mi", "convert|{}//{}|in|mm", "val|{}", "currency|{}|USD",
        "frac|{}|{}", "date|{}|{}|{}", "birth date|{}|{}|{}", "as of|{}|{}", "dts|{}", "circa|{}",
        "#expr:{}*{}", "plural:{}|a|b", "unité|{}|m", "höhe|{}|CH",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "de", "fr", "ar"])
def test_an_odd_number_never_stops_the_reading(language: str, call: str, number: str) -> None:
    assert isinstance(show(f"{{{{{call.replace('{}', number)}}}}}", language), str)


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("It is 12{{frac|1|2}} inches wide.", "It is 12½ inches wide."),
        ("It is 12{{frac|5|16}} inches wide.", "It is 12 5/16 inches wide."),
        ("It is {{frac|1|2}} inch wide.", "It is 1/2 inch wide."),
        ("The vowel {{IPA|/æ/}} is short.", "The vowel /æ/ is short."),
        ("Amity ({{IPA|/æ/}}; born 1834)", "Amity (born 1834)"),
        ("Amity ({{zh|c=橋}}), a port", "Amity, a port"),
        ("Lead.\n\n{{Port box\n| a = b\n}}\nThe port.", "Lead.\nThe port."),
        ("{{Unknown banner}}\nThe port.", "The port."),
    ],
)
def test_templates_fit_into_their_sentence(wikitext: str, expected: str) -> None:
    assert plain(wikitext) == expected


@pytest.mark.parametrize(
    "wikitext",
    [
        "The port has {{count|2}} piers.",
        "{{Dropcap|T}}he port is old.",
        "The port is old.{{unknown}} It stands.",
        "The port (of {{unknown}}) is old.",
        "The port ({{unknown}}) is old.",
        "The port has\n{{count\n|a=2}}\npiers.",
        "The vowel {{IPAc-en|æ}} is short.",
        "The vowel, {{IPAc-en|æ}}, is short.",
        "It was known as {{zh|c=橋}} there.",
    ],
)
def test_an_unknown_template_in_a_sentence_leaves_a_hole(wikitext: str) -> None:
    assert HOLE in plain(wikitext)


@pytest.mark.parametrize(
    ("language", "wikitext", "expected"),
    [
        ("zh", "一个-{zh-hans:软件;zh-hant:軟體}-基地", "一个软件基地"),
        ("zh", "一個-{zh-hans:软件;zh-hant:軟體}-基地這裡說國語", "一個軟體基地這裡說國語"),
        ("zh", "这是-{zh-cn:出租车;zh-tw:計程車;zh-hk:的士}-", "这是出租车"),
        ("zh", "这是-{A|zh-cn:出租车; zh-tw:計程車;}-", "这是出租车"),
        ("zh", "这是-{H|zh-cn:出租车;zh-tw:計程車}-湖", "这是湖"),
        ("zh", "这是-{干}-湖", "这是干湖"),
        ("en", "a -{b}- c", "a -{b}- c"),
    ],
)
def test_one_variant_of_chinese_is_shown(language: str, wikitext: str, expected: str) -> None:
    assert plain(wikitext, language) == expected


def test_a_variant_that_cannot_be_read_leaves_a_hole() -> None:
    assert HOLE in plain("这是-{zh-tw:計程車;zh-mo:的士}-湖说", "zh")


@pytest.mark.parametrize(
    "language",
    ["common", "en", "de", "fr", "es", "it", "zh", "sv", "nl", "ru", "pt", "pl", "ja", "ar"],
)
def test_every_table_can_be_read_and_names_no_template_twice(language: str) -> None:
    wiki = load_wiki(language)
    names = [*wiki.shows, *wiki.asides, *wiki.notes, *wiki.nothing]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)
