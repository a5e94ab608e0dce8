"""Parse wikitext into sections of plain paragraphs, leaving out lists, tables, notes and markup."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.templates.rendering import render_template
from pipelines.wikipedia.templates.wiki import Wiki, load_wiki
from pipelines.wikipedia.wikitext.apostrophes import remove_emphasis
from pipelines.wikipedia.wikitext.brackets import render_brackets
from pipelines.wikipedia.wikitext.links import render_external_links, render_link
from pipelines.wikipedia.wikitext.markers import FRACTION, has_hole, remove_markers
from pipelines.wikipedia.wikitext.numbers import join_fraction
from pipelines.wikipedia.wikitext.paragraphs import join_paragraphs
from pipelines.wikipedia.wikitext.repair import repair
from pipelines.wikipedia.wikitext.tags import render_tags, replace_extensions
from pipelines.wikipedia.wikitext.variants import convert_variants


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the paragraphs below it.

    The introduction's heading is an empty string, and so is a heading with an unknown template.
    """

    title: str
    paragraphs: tuple[str, ...]


_SWITCH = re.compile(r"__(?:[^\W\d_a-zß-ÿа-я]{2,}_?)+__")
_MIXED_NUMBER = re.compile(rf"(?:(?<![\d,.])(\d+))?{FRACTION}(?:(\d+/\d+))?")
_HEADING = re.compile(r"(={1,6})\s*(.*?)\s*\1(?:\s|$)")
# The headings, in several languages, of sections that contain references and links instead of
# prose.
APPARATUS = frozenset(load_lexicon(__name__).apparatus)


def parse_wikitext(
    text: str, language: str = "en", title: str = "", hidden: frozenset[str] = frozenset()
) -> list[Section]:
    """Return the sections of a page that contain prose, in order.

    `language` is the language of the wiki, which determines what templates show. `title` is the
    page title. Links to the namespaces in `hidden` show nothing.
    """
    wiki = load_wiki(language)
    return render_page(text, wiki, lambda inner: render_template(inner, wiki, title), hidden)


def render_page(
    text: str, wiki: Wiki, render: Callable[[str], str], hidden: frozenset[str] = frozenset()
) -> list[Section]:
    """Return the sections of a page that contain prose; `render` renders the inside of `{{…}}`."""
    sections: list[Section] = []
    for heading, lines in _by_heading(_render(text, wiki, render, hidden)):
        paragraphs = tuple(join_paragraphs(lines))
        if paragraphs:
            sections.append(Section(heading, paragraphs))
    return sections


def _render(text: str, wiki: Wiki, render: Callable[[str], str], hidden: frozenset[str]) -> str:
    """Render links, templates, tags and entities, and keep the line breaks of the source."""
    text = remove_markers(text)
    if text.count("&lt;/ref&gt;") > 1 and "<ref" not in text:
        text = html.unescape(text)  # The page was escaped twice for XML.
    text = replace_extensions(text)
    if wiki.has_variants:
        text = convert_variants(text)
    text = render_brackets(text, render, partial(render_link, hidden=hidden))
    text = render_tags(render_external_links(text), wiki)
    if FRACTION in text:
        text = _MIXED_NUMBER.sub(lambda m: _join_fraction(m.group(1), m.group(2)), text)
    text = remove_emphasis(text)
    return repair(html.unescape(_SWITCH.sub("", text)), wiki.language)


def _join_fraction(whole: str | None, fraction: str | None) -> str:
    return (
        join_fraction(whole, fraction) if whole and fraction else (whole or "") + (fraction or "")
    )


def _by_heading(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each heading with the lines below it, except in the sections listed in `APPARATUS`."""
    title, lines, skipped = "", list[str](), 0
    for line in text.split("\n"):
        heading = _HEADING.match(line) if line.startswith("=") else None
        if heading is None:
            lines.append(line)
            continue
        if not skipped:
            yield title, lines
        level = len(heading.group(1))
        title, lines = heading.group(2).strip("= "), []
        title = "" if has_hole(title) else title
        if not skipped or level <= skipped:
            skipped = level if title.lower().rstrip(":") in APPARATUS else 0
    if not skipped:
        yield title, lines
