"""What template calls show on each wiki. `HOLE` means that their passage is rejected."""

import pytest

from pipelines.wikipedia.templates.rendering import render_template
from pipelines.wikipedia.templates.wiki import load_wiki
from pipelines.wikipedia.wikitext.markers import FRACTION, HOLE, has_hole
from pipelines.wikipedia.wikitext.sections import parse_wikitext


def show(call: str, language: str = "en") -> str:
    text = render_template(call[2:-2], load_wiki(language), "Port Amity")
    return HOLE if has_hole(text) else text.replace(FRACTION, "")


def plain(text: str, language: str = "en") -> str:
    sections = parse_wikitext(text, language, "Port Amity")
    return "\n".join("\n".join(section.paragraphs) for section in sections)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        # Quantities: https://en.wikipedia.org/wiki/Template:Convert
        ("{{convert|1//2|in|mm}}", "1/2 inch"),
        ("{{convert|11+1//2|in|mm}}", "11 1/2 inches"),
        ("{{convert|2-1/2|in|mm}}", "2 1/2 inches"),
        ("{{convert|-2-1/2|in|mm}}", "−2 1/2 inches"),
        ("{{convert|&minus;40|C|F}}", "−40 °C"),
        ("{{convert|-40|C|F}}", "−40 °C"),
        ("{{convert|10-20|m|ft}}", "10–20 metres"),
        ("{{convert|2&ndash;3|mi|km}}", "2–3 miles"),
        ("{{convert|2|–|3|mi|km}}", "2–3 miles"),
        ("{{convert|2|x|3|x|4|m|ft}}", "2 by 3 by 4 metres"),
        ("{{convert|77|x|53|cm|abbr=on}}", "77 cm × 53 cm"),
        ("{{convert|60|kg|lb|sp=us}}", "60 kilograms"),
        ("{{convert|60|km|mi|sp=us}}", "60 kilometers"),
        ("{{convert|60|km|mi|abbr=on}}", "60 km"),
        ("{{cvt|60|mi}}", "60 mi"),
        ("{{convert|1|km2}}", "1 square kilometre"),
        ("{{convert|90|km/h|adj=on}}", "90-kilometre-per-hour"),
        ("{{convert|2.3|Moilbbl|m3}}", "2.3 million barrels"),
        ("{{convert|50|koilbbl/d|abbr=on}}", "50 kbbl/d"),
        ("{{convert|5|e6km|e6mi}}", "5 million kilometres"),
        ("{{convert|5|e6km|e6mi|abbr=on}}", "5 × 10⁶ km"),
        ("{{convert|1.5e3|kg}}", "1.5 × 10³ kilograms"),
        ("{{convert|5|ft|11|in|cm}}", "5 feet 11 inches"),
        ("{{convert|5|ft|11+1/2|in|cm}}", "5 feet 11 1/2 inches"),
        ("{{convert|5|ft|m|2}}", "5 feet"),
        ("{{convert|3|mi|km|adj=on}}", "3-mile"),
        ("{{convert|60|ft|m|adj=mid|-long}}", "60-foot-long"),
        ("{{convert|18|mi|km|order=flip}}", "18 miles"),
        ("{{convert| 1,500 | acre }}", "1,500 acres"),
        ("{{convert|1|mi}}", "1 mile"),
        ("{{convert|~500|t}}", HOLE),
        ("{{convert|}}", HOLE),
        ("{{convert|five|mi}}", HOLE),
        ("{{convert|5|furlong-ish}}", HOLE),
        ("{{convert|5|mi|km|disp=output only}}", HOLE),
        ("{{convert|5|mi|km|spell=in}}", HOLE),
        ("{{convert|input=P2043|ft}}", HOLE),
        ("{{convert|\ue001#invoke\ue002|m}}", HOLE),
        ("{{frac|1|2}}", "1/2"),
        ("{{frac|3|1|2}}", "3 1/2"),
        ("{{frac|8}}", "1/8"),
        ("{{frac}}", HOLE),
        ("{{val|1.007|0.002|u=kg}}", "1.007 ± 0.002 kg"),
        ("{{val|abc}}", HOLE),
        # Currencies
        ("{{US$|100}}", "US$100"),
        ("{{US$|12000}}", "US$12,000"),
        ("{{US$|100|2010}}", HOLE),
        ("{{INR|20|crore}}", HOLE),
        ("{{currency|300|USD}}", "US$300"),
        ("{{currency|25|EUR}}", "€25"),
        ("{{currency|25|XXX}}", HOLE),
        ("{{currency|amount=25|type=GBP}}", "£25"),
        # Dates
        ("{{dts|1999|July|5}}", "July 5, 1999"),
        ("{{dts|1999|7|5|format=dmy}}", "5 July 1999"),
        ("{{dts|July 5, 1999}}", "July 5, 1999"),
        ("{{birth date|1834|6|30}}", "June 30, 1834"),
        ("{{birth date|1834|6|30|df=y}}", "30 June 1834"),
        ("{{birth date|1834|13|30}}", HOLE),
        ("{{start date|1834}}", "1834"),
        ("{{start date|1834|6}}", "June 1834"),
        ("{{date|2003-03-14}}", "14 March 2003"),
        ("{{date|14 March 2003}}", "14 March 2003"),
        ("{{date|14|mars|2003}}", HOLE),
        ("{{as of|2015|6|lc=y}}", "as of June 2015"),
        ("{{as of}}", HOLE),
        # Names and words
        ("{{ship|HMS|Victory|1765|2}}", "HMS Victory"),
        ("{{ship|HMS|Victory|1765|6}}", "HMS Victory"),
        ("{{ship|Japanese battleship|Yamato||2}}", "Yamato"),
        ("{{USS|Constitution|1797|6}}", "USS Constitution"),
        ("{{HMS|Victory}}", "HMS Victory"),
        ("{{HMS|Victory|1765}}", "HMS Victory (1765)"),
        ("{{HMS|Victory|1765|5}}", HOLE),
        (
            "{{ill|Johann Maier|de|Johann Maier (Ingenieur)|lt=the engineer Maier}}",
            "the engineer Maier",
        ),
        ("{{ill|Johann Maier|de}}", "Johann Maier"),
        ("{{lang|fr|le port}}", "le port"),
        ("{{lang|code=fr|text=le port}}", "le port"),
        ("{{lang|fr}}", HOLE),
        ("{{lang-fr|Amitié}}", "French: Amitié"),
        ("{{lang-fr|Amitié|label=none}}", "Amitié"),
        ("{{lang-xyz|Amitié}}", HOLE),
        ("{{langx|fr|Amitié}}", "French: Amitié"),
        ("{{langx|fr|Amitié|label=Provençal}}", "Provençal: Amitié"),
        ("{{transl|ja|ISO|cha}}", "cha"),
        ("{{transl|ja|cha}}", "cha"),
        ("{{nowrap|1=a = b}}", "a = b"),
        ("{{Template:nowrap|a}}", "a"),
        ("{{audio|De-Berlin.ogg|Langsam voran}}", "Langsam voran"),
        ("{{sic|ex|treamly|hide=no}}", "extreamly [sic]"),
        ("{{sic|ex|treamly|hide=y}}", "extreamly"),
        ("{{circa|1500|1550}}", "c. 1500 – c. 1550"),
        ("{{angbr|sh}}", "⟨sh⟩"),
        # Templates that show words, and that were once listed as silent
        ("{{citation|title=Piers}}", HOLE),
        ("{{cite book|title=Piers}}", HOLE),
        ("{{harvtxt|Dole|1834}}", HOLE),
        ("{{time ago|2001}}", HOLE),
        ("{{port count|2}}", HOLE),
        ("{{citation needed|date=May 2015}}", ""),
        ("{{sfn|Dole|1834}}", ""),
    ],
)
def test_english_templates_show_their_text_or_leave_a_hole(call: str, expected: str) -> None:
    assert show(call) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("{{#if:x|yes|no}}", "yes"),
        ("{{#if: |yes|no}}", "no"),
        ("{{#if:|yes}}", ""),
        ("{{#if:\ue001a\ue002|yes|no}}", HOLE),
        ("{{#if:|\ue001a\ue002|no}}", "no"),
        ("{{#ifeq:a|a|yes|no}}", "yes"),
        ("{{#ifeq:1|1.0|yes|no}}", "yes"),
        ("{{#ifeq:a|b|yes|no}}", "no"),
        ("{{#ifexpr:1 < 2|yes|no}}", "yes"),
        ("{{#switch:b|a=one|b|c=two|three}}", "two"),
        ("{{#switch:z|a=one|#default=none}}", "none"),
        ("{{#expr: 3 * 4}}", "12"),
        ("{{#expr: (1 + 2) / 4}}", "0.75"),
        ("{{#expr: 7 mod 4 + 2^3}}", "11"),
        ("{{#expr: 2.345 round 2}}", "2.35"),
        ("{{#expr: -2.5 round 0}}", "-3"),
        ("{{#expr: 1 / 0}}", HOLE),
        ("{{#expr: 9^9^9}}", HOLE),
        ("{{#expr: 3 apples}}", HOLE),
        ("{{#expr:}}", HOLE),
        ("{{formatnum:12345}}", "12,345"),
        ("{{formatnum:-10}}", "−10"),
        ("{{formatnum:1234567.891}}", "1,234,567.891"),
        ("{{formatnum:many}}", HOLE),
        ("{{lc:PORT}}", "port"),
        ("{{uc:port}}", "PORT"),
        ("{{ucfirst:port}}", "Port"),
        ("{{plural:1|pier|piers}}", "pier"),
        ("{{plural:2|pier|piers}}", "piers"),
        ("{{PAGENAME}}", "Port Amity"),
        ("{{DEFAULTSORT:Amity}}", ""),
        ("{{#tag:ref|A note.}}", ""),
        ("{{#tag:math|x}}", HOLE),
        ("{{#property:P1082}}", HOLE),
        ("{{#invoke:Data|get}}", HOLE),
        ("{{#dateformat:1850-05-03}}", HOLE),
        ("{{CURRENTYEAR}}", HOLE),
    ],
)
def test_parser_functions_are_evaluated_or_leave_a_hole(call: str, expected: str) -> None:
    assert show(call) == expected


@pytest.mark.parametrize(
    ("language", "call", "expected"),
    [
        ("fr", "{{date|17|octobre|1873}}", "17 octobre 1873"),
        ("fr", "{{date|1|3|1951}}", "1er mars 1951"),
        ("fr", "{{date|mai|1902}}", "mai 1902"),
        ("fr", "{{date|3 juin 1960}}", "3 juin 1960"),
        ("fr", "{{date||octobre|1873}}", "octobre 1873"),
        ("fr", "{{date|17|July|1873}}", HOLE),
        ("fr", "{{citation|la montagne}}", "« la montagne »"),
        ("fr", "{{lang-en|My mountains}}", "en anglais : My mountains"),
        ("fr", "{{unité|2000|m}}", "2 000 m"),
        ("fr", "{{unité|2,5|km|2}}", "2,5 km²"),
        ("fr", "{{formatnum:6000}}", "6 000"),
        ("fr", "{{convert|5|mi}}", HOLE),
        ("fr", "{{as of|2015}}", HOLE),
        ("de", "{{enS|harbour}}", "englisch harbour"),
        ("de", "{{lang|en|harbour}}", "harbour"),
        ("de", "{{formatnum:12345.6}}", "12.345,6"),
        ("de", "{{lang-en|harbour}}", HOLE),
        ("es", "{{fecha|3|5|1850}}", "3 de mayo de 1850"),
        ("es", "{{formatnum:12345}}", "12 345"),
        ("it", "{{formatnum:12345,6}}", HOLE),
        ("zh", "{{convert|1200|m}}", "1,200米"),
        ("zh", "{{convert|35|km2}}", "35平方公里"),
        ("zh", "{{convert|35|furlong}}", HOLE),
        ("zh", "{{link-en|约翰·史密斯|John Smith (explorer)}}", "约翰·史密斯"),
        ("zh", "{{tsl|en|Royal Geographical Society|皇家地理学会}}", "皇家地理学会"),
        ("sv", "{{formatnum:1547}}", "1547"),
        ("sv", "{{convert|5|mi}}", HOLE),
        ("bg", "{{lang-en|harbour}}", HOLE),
        ("bg", "{{formatnum:12345}}", HOLE),
        ("bg", "{{formatnum:12}}", "12"),
        ("bg", "{{nowrap|дума}}", "дума"),
        ("simple", "{{convert|5|mi}}", "5 miles"),
    ],
)
def test_each_wiki_has_its_own_templates(language: str, call: str, expected: str) -> None:
    assert show(call, language) == expected


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
    "language", ["common", "en", "de", "fr", "es", "it", "zh", "sv", "nl", "ru"]
)
def test_every_table_can_be_read_and_names_no_template_twice(language: str) -> None:
    wiki = load_wiki(language)
    names = [*wiki.shows, *wiki.asides, *wiki.nothing]
    assert len(wiki.shows) + len(wiki.asides) + len(wiki.nothing) == len(set(names))
    assert all(name == name.lower() for name in names)
