"""Evaluate MediaWiki's parser functions and magic words, if they depend on nothing but the page."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.wikipedia.templates.expressions import evaluate, show_number
from pipelines.wikipedia.templates.wiki import Wiki
from pipelines.wikipedia.wikitext.markers import has_hole
from pipelines.wikipedia.wikitext.numbers import format_number


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a parser function, `{{name:arguments}}`, and the title of the page."""

    name: str
    arguments: list[str]
    wiki: Wiki
    title: str

    def argument(self, index: int) -> str:
        """Return the argument at a zero-based index, or an empty string if it's missing."""
        return self.arguments[index] if index < len(self.arguments) else ""


def parse_function(inner: str, wiki: Wiki, title: str) -> FunctionCall | None:
    """Parse the content of `{{…}}` as a function call, or return None if it's a template call."""
    head, bar, rest = inner.partition("|")
    name, colon, first = head.partition(":")
    name = name.strip().lower()
    if not colon and not bar and head.strip() in _VARIABLES:
        return FunctionCall(name, [], wiki, title)
    is_function = name.startswith("#") or (colon and name in _FUNCTIONS)
    if not is_function:
        return None
    arguments = [first, *rest.split("|")] if bar else [first]
    return FunctionCall(name, [part.strip() for part in arguments], wiki, title)


def evaluate_function(call: FunctionCall) -> str | None:
    """Return the text that a function shows, or None if the text depends on more than the page."""
    if call.name == "#tag":
        return "" if call.argument(0).lower() == "ref" else None
    function = _FUNCTIONS.get(call.name)
    if function is None or has_hole(call.argument(0)):
        return None
    return function(call)


def _if(call: FunctionCall) -> str:
    return call.argument(1 if call.argument(0) else 2)


def _if_equal(call: FunctionCall) -> str | None:
    first, second = call.argument(0), call.argument(1)
    if has_hole(second):
        return None
    numbers = evaluate(first), evaluate(second)
    is_equal = first == second or (None not in numbers and numbers[0] == numbers[1])
    return call.argument(2 if is_equal else 3)


def _if_expression(call: FunctionCall) -> str | None:
    if not call.argument(0):
        return call.argument(2)
    value = evaluate(call.argument(0))
    return None if value is None else call.argument(1 if value else 2)


def _switch(call: FunctionCall) -> str | None:
    """Return the result of the first matching case.

    A case without a result falls through to the next case.
    """
    subject, default, is_matched = call.argument(0), "", False
    for part in call.arguments[1:]:
        case, equals, result = (text.strip() for text in part.partition("="))
        if has_hole(case):
            return None
        is_matched = is_matched or case == subject
        if equals and is_matched:
            return result
        if not equals or case == "#default":
            default = result if equals else case
    return default


def _expression(call: FunctionCall) -> str | None:
    value = evaluate(call.argument(0))
    return None if value is None else show_number(value)


def _format(call: FunctionCall) -> str | None:
    if call.argument(1).lower() in {"r", "nosep"}:
        return None
    return format_number(call.argument(0), call.wiki.numbers)


def _plural(call: FunctionCall) -> str | None:
    """Choose the singular or the plural for a number, in languages with two forms."""
    value = evaluate(call.argument(0).replace(",", ""))
    forms = call.arguments[1:]
    if value is None or len(forms) != 2 or call.wiki.language not in _TWO_FORMS:
        return None
    is_singular = abs(value) < 2 if call.wiki.language == "fr" else abs(value) == 1
    return forms[0] if is_singular else forms[1]


def _nothing(call: FunctionCall) -> str:
    return ""


_TWO_FORMS = frozenset({"en", "simple", "de", "nl", "sv", "it", "es", "fr"})
_VARIABLES = frozenset({"PAGENAME", "FULLPAGENAME", "BASEPAGENAME", "SUBPAGENAME", "!", "="})
_HIDDEN = (
    "defaultsort displaytitle sortierung seitentitel tri ordenar ordina #seo #babel "
    "defaultsortkey defaultcategorysort"
)
_FUNCTIONS: dict[str, Callable[[FunctionCall], str | None]] = {
    **dict.fromkeys(_HIDDEN.split(), _nothing),
    **dict.fromkeys(
        ("pagename", "fullpagename", "basepagename", "subpagename"), lambda call: call.title or None
    ),
    "!": lambda call: "&#124;",
    "=": lambda call: "&#61;",
    "#if": _if,
    "#ifeq": _if_equal,
    "#ifexpr": _if_expression,
    "#switch": _switch,
    "#expr": _expression,
    "formatnum": _format,
    "plural": _plural,
    "lc": lambda call: call.argument(0).lower(),
    "uc": lambda call: call.argument(0).upper(),
    "lcfirst": lambda call: call.argument(0)[:1].lower() + call.argument(0)[1:],
    "ucfirst": lambda call: call.argument(0)[:1].upper() + call.argument(0)[1:],
}
