"""What HTML tags, the tags of extensions, links and scripts show. `HOLE` rejects their passage."""

import pytest

from pipelines.wikipedia.wikitext.markers import FORMULA, HOLE, has_hole
from pipelines.wikipedia.wikitext.sections import parse_wikitext


def plain(text: str, language: str = "en", hidden: frozenset[str] = frozenset()) -> str:
    sections = parse_wikitext(text, language, "Port Amity", hidden)
    shown = "\n".join("\n".join(section.paragraphs) for section in sections)
    return HOLE if has_hole(shown) or FORMULA in shown else shown


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        # What readers see without being able to read it as text.
        ("The name <hiero>A1-B2</hiero> means port.", HOLE),
        ('Use <syntaxhighlight lang="c" inline>x</syntaxhighlight> here.', HOLE),
        ("The line <source lang=c enclose=none>x</source> sets it.", HOLE),
        ("The tune <score>c d e</score> is old.", HOLE),
        ("It is <s>new</s> old.", HOLE),
        ("It was <del>new</del><ins>old</ins>.", HOLE),
        ('It is <maplink text="here">{"type": "x"}</maplink>.', HOLE),
        ("The <foo>port</foo> is old.", HOLE),
        ("It stands <li>here.", HOLE),
        # Between paragraphs, the same is no part of a sentence.
        ("The port.\n<syntaxhighlight>x</syntaxhighlight>\nThe end.", "The port.\nThe end."),
        ("<gallery>\nFile:a.jpg|A pier.\n</gallery>\nThe port.", "The port."),
        ("<mapframe latitude=1 longitude=2>{}</mapframe>The port.", "The port."),
        ("* a pier\n<gallery>\nFile:a.jpg|A pier.\n</gallery>\nThe port.", "The port."),
        # What readers don't see.
        ("It has <includeonly>hidden</includeonly>piers.", "It has piers."),
        ("Built in <span style='display:none'>00123</span>123 days.", "Built in 123 days."),
        (
            'In <span style="visibility: hidden">0<span>1</span>2</span>123 days.',
            "In 123 days.",
        ),
        ("<templatestyles src='x'/>The port.", "The port."),
        # HTML.
        ("It has <code>two</code> <b>big</b> <abbr title=x>pts</abbr>.", "It has two big pts."),
        ("The <q>old</q> port.", "The “old” port."),
        ("<h2>Trade</h2>\nThe port.", "The port."),
        ("<center>''Port''</center>The port.", "Port\nThe port."),
        ("It is <chem>H2O</chem> and <ce>2 H2 + O2</ce>.", "It is H₂O and 2 H₂ + O₂."),
        ("It is <chem>SO4^2-</chem>.", HOLE),
        ("It is <ce>Na+</ce>.", HOLE),
        ("The port.\n<ul><li>a<ul><li>b</li></ul>c</li></ul>\nIt.", "The port.\nIt."),
        (
            "The port.\n<table><tr><td><table><tr><td>a</td></tr></table>b</td></tr></table>\nIt.",
            "The port.\nIt.",
        ),
        ("<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby> is “port”.", "港(みなと) is “port”."),
        ("<ruby>港<rt>みなと</rt></ruby> is “port”.", "港(みなと) is “port”."),
        # Notes that are never closed.
        ("It grew<ref name=a> in one year.<ref>b</ref>", HOLE),
        ("It grew.<ref>Dole, p. 3. It stands.", HOLE),
    ],
)  # fmt: skip
def test_a_tag_shows_its_text_or_leaves_a_hole(wikitext: str, expected: str) -> None:
    assert plain(wikitext) == expected


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("km<sup>2</sup>, CO<sub>2</sub>, Na<sup>+</sup>", "km², CO₂, Na⁺"),
        ("C<sub>''n''</sub>H<sub>2''n''+2</sub>", "CnH₂ₙ₊₂"),
        ("K<sub>a1</sub>, T<sub>max</sub>, 41<sub>hex</sub>", "Kₐ₁, Tmax, 41hex"),
        ("1<sup>st</sup>, XIX<sup>e</sup>, D<sup>r</sup>, M<sup>lle</sup>", "1st, XIXe, Dr, Mlle"),
        ("e<sup>x</sup>, x<sup>e</sup>, 2<sup>k</sup>, 2<sup>−1</sup>", "eˣ, xᵉ, 2ᵏ, 2⁻¹"),
        ("CO<sub>2,</sub> here", "CO₂, here"),
        ("old<sup>†</sup>", "old†"),
        ("5<sup>1/2</sup>", HOLE),
        ("10<sup>6.5</sup>", HOLE),
        ("KP<sub>10.3</sub>", HOLE),
        ("x<sub>i,j</sub>", HOLE),
    ],
)
def test_a_script_is_never_run_together_with_a_number(wikitext: str, expected: str) -> None:
    assert plain(f"It is {wikitext}.").strip(".") == (
        HOLE if expected == HOLE else f"It is {expected}"
    )


@pytest.mark.parametrize(
    ("wikitext", "expected"),
    [
        ("See [http://x.example the map].", "See the map."),
        ("It is old.[http://x.example] It stands.", "It is old. It stands."),
        ("It is old. [http://x.example] [http://y.example]", "It is old."),
        ("See [http://x.example] for a map.", HOLE),
        ("The site http://x.example is old.", "The site http://x.example is old."),
        ("The [[doi:10.1/1|paper]] and [[:fr:Port]].", "The paper and fr:Port."),
        ("Hear it [[Media:x.ogg|here]].", "Hear it here."),
        ("The port.[[fr:Port]][[Category:Ports]]", "The port."),
        ("The port.[[Αρχείο:x.jpg|thumb|A pier.]]", "The port."),
        ("The port.[[Fájl:x.jpg|thumb|A pier.]]", HOLE),
        ("The [[pier|old pier stands.", "The [[pier|old pier stands."),
        ("It has {{convert|5|m piers.", "It has {{convert|5|m piers."),
    ],
)
def test_a_link_shows_its_text_and_a_mistake_stays(wikitext: str, expected: str) -> None:
    assert plain(wikitext, hidden=frozenset({"αρχείο"})) == expected
