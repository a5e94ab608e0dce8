"""Render templates as text, as far as possible without access to the wiki.

The files `wikis/*.toml` list the texts that templates show, and the templates that show nothing. A
marker (a “hole”) replaces a template that isn't listed or whose arguments can't be parsed.
The same happens if a call has a named argument that no rule reads and `silent` doesn't list.
Passages that contain such markers are rejected.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from pipelines.wikipedia.templates import dates, phrases, quantities
from pipelines.wikipedia.templates.parser_functions import evaluate_function, parse_function
from pipelines.wikipedia.templates.patterns import fill_pattern
from pipelines.wikipedia.templates.template_call import TemplateCall, parse_call
from pipelines.wikipedia.templates.wiki import Wiki, template_name
from pipelines.wikipedia.wikitext.markers import ASIDE, ASIDE_END, BLOCK, hole

Renderer: TypeAlias = Callable[[TemplateCall, Wiki, str], str | None]

_ENCLOSED = {"text", "texte", "texto", "testo", "tekst"}  # named arguments with enclosed words
_RENDERERS: dict[str, Renderer] = {
    "measure": quantities.render_measure,
    "fraction": quantities.render_fraction,
    "value": quantities.render_value,
    "unit": quantities.render_unit,
    "chemical": quantities.render_chemical,
    "number": quantities.render_number,
    "superscript": quantities.render_superscript,
    "subscript": quantities.render_subscript,
    "money": quantities.render_money,
    "currency": quantities.render_currency,
    "date": dates.render_date,
    "day-first": dates.render_day_first,
    "single-date": dates.render_single_date,
    "as-of": dates.render_as_of,
    "old-style-date": dates.render_old_style_date,
    "labelled": phrases.render_labelled,
    "ship": phrases.render_ship,
    "japanese": phrases.render_japanese,
    "sic": phrases.render_sic,
    "note": phrases.render_note,
    "circa": phrases.render_circa,
    "pronunciation": phrases.render_pronunciation,
    "quotation": phrases.render_quotation,
    "marks": phrases.render_marks,
}


class Treatment(StrEnum):
    """The way in which a template call was treated."""

    RENDERED = "rendered"
    HIDDEN = "hidden"
    EVALUATED = "evaluated"
    HOLE = "hole"


def render_template(inner: str, wiki: Wiki, title: str) -> str:
    """Render the content of `{{…}}`, in which nested templates are already rendered."""
    return treat_template(inner, wiki, title)[1]


def treat_template(inner: str, wiki: Wiki, title: str) -> tuple[Treatment, str]:
    """Render the content of `{{…}}`, and return how it was treated along with the text."""
    function = parse_function(inner, wiki, title)
    if function is not None:
        text = evaluate_function(function)
        if text is None:
            return Treatment.HOLE, hole(function.name)
        return Treatment.EVALUATED, text
    name = template_name(inner.partition("|")[0])
    treatment, pattern = wiki.treatment(name)
    if treatment == "nothing":
        return Treatment.HIDDEN, ""
    if treatment == "note":
        return _treat_note(pattern, parse_call(inner))
    if treatment == "unknown" and name.startswith("lang-") and "language" in wiki.words:
        treatment, pattern = "shows", "@labelled"
    text = None if treatment == "unknown" else _show(pattern, parse_call(inner), wiki)
    shown = text or _hole(name, inner)
    shown = f"{ASIDE}{shown}{ASIDE_END}" if treatment == "aside" else shown
    return Treatment.RENDERED if text else Treatment.HOLE, shown


def _show(pattern: str, call: TemplateCall, wiki: Wiki) -> str | None:
    """Fill a pattern with the arguments, or return the result of `@renderer options`.

    An argument that isn't read could be text that the page shows, so there is no result then.
    """
    if pattern.startswith("@"):
        name, _, options = pattern[1:].partition(" ")
        text = _RENDERERS[name](call, wiki, options)
    else:
        text = fill_pattern(pattern, call)
    return None if call.unread() - wiki.silent else text


def _treat_note(pattern: str, call: TemplateCall) -> tuple[Treatment, str]:
    """Treat an editorial note, which shows nothing else than the words that it encloses, if any."""
    words = [value for value in call.filled() if any(c.isalpha() for c in value)]
    if not words and not set(call.named) & _ENCLOSED:
        return Treatment.HIDDEN, ""
    text = fill_pattern(pattern, call) if pattern else None
    return (Treatment.RENDERED, text) if text else (Treatment.HOLE, hole(call.name))


def _hole(name: str, inner: str) -> str:
    """Return a marker in place of a template that can't be rendered.

    A call that spans several lines is treated as a separate block, such as a box.
    """
    is_block = "\n" in inner and bool(parse_call(inner).named)
    return f"{BLOCK if is_block else ''}{hole(name)}"
