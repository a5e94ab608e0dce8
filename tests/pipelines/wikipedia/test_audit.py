"""The audit counts templates by treatment and finds the holes that matter."""

import pytest

from pipelines.articles.source_page import Site, SourcePage
from pipelines.errors import SourceError
from pipelines.wikipedia.audit import audit_templates
from pipelines.wikipedia.templates.rendering import Treatment
from tests.pipelines.articles.exports import PROSE

TEXT = f"""{{{{Infobox port|name={{{{unknown box}}}}}}}}
{PROSE} It has {{{{convert|5|m}}}} piers, {{{{port count|2}}}} of {{{{uc:wood}}}}{{{{cn}}}}.

* a list with {{{{port count|3}}}}

The old pier{{{{port count|4}}}} stands. {{{{Cite book|title=Piers}}}}
"""


def page(text: str, is_wikitext: bool = True) -> SourcePage:
    site = Site("s", "https://en.wikipedia.org/wiki/", "en", "")
    return SourcePage(site, "Amity", "1", text, is_wikitext)


def test_calls_are_counted_by_treatment_and_holes_by_name() -> None:
    audit = audit_templates([page(TEXT), page("too short")])
    assert (audit.pages, audit.in_prose) == (1, 3)
    assert audit.calls == {
        Treatment.HIDDEN: 2,
        Treatment.RENDERED: 1,
        Treatment.EVALUATED: 1,
        Treatment.HOLE: 5,
    }
    first, second, third = audit.most_frequent(50)
    assert (first.name, first.in_prose, first.calls) == ("port count", 2, 3)
    assert first.example == "{{port count|2}}"
    assert (second.name, second.in_prose) == ("cite book", 1)
    assert (third.name, third.in_prose, third.calls) == ("unknown box", 0, 1)


def test_a_hole_that_is_no_template_s_has_its_surroundings_as_an_example() -> None:
    audit = audit_templates([page(f"{PROSE} It was <s>old</s> new.")])
    (hole,) = audit.most_frequent(50)
    assert (hole.name, hole.calls, hole.in_prose) == ("s", 0, 1)
    assert hole.example.endswith(" It was s new.…")


def test_a_source_without_articles_is_an_error() -> None:
    with pytest.raises(SourceError, match="has no articles to audit"):
        audit_templates([page("#REDIRECT [[Port]]"), page("too short")])


def test_plain_text_has_no_templates() -> None:
    with pytest.raises(SourceError, match="is plain text, which has no templates"):
        audit_templates([page(PROSE, is_wikitext=False)])
