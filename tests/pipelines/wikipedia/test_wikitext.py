import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.wikipedia.wikitext.brackets import render_brackets
from pipelines.wikipedia.wikitext.markers import has_hole, show_quotations
from pipelines.wikipedia.wikitext.sections import parse_wikitext


def plain(text: str) -> str:
    return show_quotations("\n".join("\n".join(s.paragraphs) for s in parse_wikitext(text)))


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("'''Port''' of ''Amity''", "Port of Amity"),
        ("a [[harbour]] and [[pier|piers]]", "a harbour and piers"),
        ("[[Mercury (planet)|]] shines", "Mercury shines"),
        ("[[File:a.jpg|thumb|A [[pier]] in ''Amity'']]The port.", "The port."),
        ("The port.[[Category:Ports]][[de:Hafen]]", "The port."),
        ("see [http://example.org the port's page] today", "see the port's page today"),
        ("Built<ref>Dole, ''Piers'', p. 3.</ref> early<ref name=a /> on.", "Built early on."),
        ("about {{convert|60|to|80|kg|lb}} heavy", "about 60 to 80 kilograms heavy"),
        ("some {{convert|12000|sqmi|km2}} wide", "some 12,000 square miles wide"),
        ("a {{convert|3|mi|km|adj=on}} walk", "a 3-mile walk"),
        ("{{convert|5|ft|11|in|cm}} tall", "5 feet 11 inches tall"),
        ("boils at {{convert|100|C|F}}", "boils at 100 °C"),
        ("called {{lang|fr|le port}}", "called le port"),
        ("Amity ({{lang-fr|Amitié}}; born 1834)", "Amity (French: Amitié; born 1834)"),
        ("Amity ({{IPAc-en|ˈ|æ|m}}; born 1834)", "Amity (born 1834)"),
        ("Amity ({{IPAc-en|ˈ|æ|m}} or {{IPA-fr|x}}), a port", "Amity, a port"),
        (
            "{{As of|2015|6}}, it stands; {{as of|2014|lc=y}} too",
            "As of June 2015, it stands; as of 2014 too",
        ),
        ("{{nihongo|tea|茶|cha}} is drunk", "tea (茶, cha) is drunk"),
        ("half: {{frac|1|2}}, CO<sub>2</sub>, 10<sup>6</sup>", "half: 1/2, CO₂, 10⁶"),
        ("{{chem|H|2|O}} and {{chem2|CO2}}", "H₂O and CO₂"),
        ("{{circa|1834}} and {{formatnum:12345}}", "c. 1834 and 12,345"),
        ("so <math>E = mc^2</math> holds", "so E = mc² holds"),
        ("old.{{citation needed|date=May 2015}} New.", "old. New."),
        ("{{Infobox port|a={{b|c}}|d=[[e]]}}\nThe port.", "The port."),
        ("{| class=x\n|-\n| a || b\n{|\n| c\n|}\n|}\nThe port.", "The port."),
        ("* one\n# two\n: three\n; four\nThe port.", "The port."),
        ("a&nbsp;b &ndash; c &lt; d", "a b – c < d"),
        ("use <nowiki>[[x]]</nowiki> so", "use [[x]] so"),
        ("before <!-- [[hidden --> after", "before after"),
        ("{{quote|All at sea.}}", "“All at sea.”"),
        ("one<br />two", "one two"),
        ("{{nowrap|[[Apollo 7|Apollo 7]] flew}}", "Apollo 7 flew"),
        ("__NOTOC__The port.", "The port."),
        ("__KEIN_INHALTSVERZEICHNIS__The port__НЕТ_ОГЛАВЛЕНИЯ__.", "The port."),
        ("__目次強制__The port__لاتحريرقسم__.", "The port."),
        ("Call __init__ first.", "Call __init__ first."),
    ],
)
def test_wikitext_is_rendered_as_plain_text(wikitext: str, expected: str) -> None:
    assert plain(wikitext) == expected


def test_sections_keep_their_headings_without_apparatus() -> None:
    text = (
        "Lead.\n== History ==\nOld.\n=== Piers ===\nLong.\n== References ==\nA book.\n"
        "=== Web ===\nA page.\n== Trade ==\nFish."
    )
    sections = [(section.title, section.paragraphs) for section in parse_wikitext(text)]
    assert sections == [
        ("", ("Lead.",)),
        ("History", ("Old.",)),
        ("Piers", ("Long.",)),
        ("Trade", ("Fish.",)),
    ]


def test_a_heading_with_an_unknown_template_is_left_out() -> None:
    (section,) = parse_wikitext("== The {{port name|x}} pier ==\nThe pier is long.")
    assert (section.title, section.paragraphs) == ("", ("The pier is long.",))


def test_a_table_that_is_never_closed_ends_with_its_section() -> None:
    assert plain("{|\n| a\n== Next ==\nThe port.") == "The port."


def test_an_unclosed_bracket_does_not_swallow_the_page() -> None:
    text = "The {{port is [[old.\n\nIt is [[big]]."
    assert plain(text) == "The {{port is [[old.\nIt is big."


def test_brackets_that_are_nested_too_deeply_affect_only_their_paragraph() -> None:
    deep = "{{a|" * 1000 + "x" + "}}" * 1000
    assert plain(f"The port.\n\n{deep}\n\nIt is [[big]].") == "The port.\nIt is big."
    (_, paragraph) = plain(f"The port.\n\nIt {deep} [[big]].").split("\n")
    assert has_hole(paragraph)
    unclosed = plain("{{" * 1000 + "\n\nIt is [[big]].\n\nIt stands.").split("\n")
    assert unclosed[1:] == ["It is [[big]].", "It stands."]


@given(st.text(alphabet="ab{}[]", max_size=60))
def test_rendering_brackets_keeps_every_letter(soup: str) -> None:
    rendered = render_brackets(soup, lambda inner: inner, lambda inner: inner)
    assert re.sub(r"[\[\]{}]", "", rendered) == re.sub(r"[\[\]{}]", "", soup)


@given(st.text(alphabet=string.ascii_letters + " \n", max_size=200))
def test_text_without_markup_keeps_every_word(text: str) -> None:
    assert plain(text).split() == text.split()
