"""Render templates that show numbers: measurements, fractions, values and chemical formulas."""

import html
import re
from dataclasses import dataclass, replace
from typing import Any

from pipelines.wikipedia.templates.patterns import has_more
from pipelines.wikipedia.templates.template_call import TemplateCall
from pipelines.wikipedia.templates.wiki import Wiki
from pipelines.wikipedia.wikitext.markers import FRACTION
from pipelines.wikipedia.wikitext.numbers import format_number, subscript, superscript

_COMPOUND_UNITS = frozenset({"ft", "lb", "st", "mi", "yd", "foot", "mile", "stlb"})
_MIXED = re.compile(r"([+\-−]?)(?:(\d[\d,]*)[+\-])?(\d+)(?://?|⁄)(\d+)\Z")
_POWER = re.compile(r"([+\-−]?[\d,.]+)[eE]([+\-−]?\d+)\Z")
_RANGE = re.compile(r"([\d,.]*\d)(?:-|–)([\d,.]*\d)\Z")
_PREFIXED_UNIT = re.compile(r"e([369]|12)(?=\D)(.+)\Z")
_VISIBLE = frozenset(
    {"", "or", "comma", "br", "br()", "b", "sqbr", "semicolon", "/", "x", "sc", "flip"}
)
_YES = frozenset({"on", "y", "yes", "1"})
_GROUPING: dict[str, dict[str, Any]] = {
    "": {},
    "5": {"grouped_from": 5},
    "off": {"thousands": ""},
}
_SHORT = frozenset({"on", "in", "y", "yes", "1", "~", "values"})
_BY = "{by}"  # shown as “by” before a word, and as “×” between symbols
_AMERICAN = re.compile(r"(met|lit)re")
_CHEMICAL = re.compile(r"[\w()\[\]+\-−·*]+\Z")


def render_measure(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{convert|60|to|80|kg|lb}}` as “60 to 80 kg”, without the conversion.

    The result is None if the page shows something else (only the conversion, or a spelled-out
    number), or if the amount or unit can't be parsed. With the option `5`, thousands are separated
    in numbers of at least five digits.
    """
    grouping = _GROUPING.get(call.option("comma") or options)
    if call.option("disp") not in _VISIBLE or grouping is None:
        return None
    wiki = replace(wiki, numbers=wiki.numbers and replace(wiki.numbers, **grouping))
    measure = _parse_measure([_clean(value) for value in call.values], wiki)
    adjective = call.option("adj") or call.option("sing")
    if measure is None or adjective not in {"", "on", "off", "mid"}:
        return None
    middle = measure.rest[-1] if adjective == "mid" and measure.rest else ""
    if adjective == "mid" and not middle:
        return None
    is_adjective = adjective in {"on", "mid"}
    text = _with_unit(measure.amount, measure.unit, is_adjective, call, wiki)
    rest = measure.rest
    if text and measure.unit in _COMPOUND_UNITS and len(rest) > 1 and rest[0][:1].isdigit():
        more = _amount(rest[0], wiki)
        other = _with_unit(more, rest[1], is_adjective, call, wiki) if more else None
        text = f"{text} {other}" if other else None
    return f"{text}{'' if middle.startswith('-') or not middle else ' '}{middle}" if text else None


@dataclass(frozen=True, slots=True)
class _Measure:
    amount: str
    unit: str
    rest: list[str]


def _clean(value: str) -> str:
    return html.unescape(value).replace("\xa0", " ").strip()


def _parse_measure(values: list[str], wiki: Wiki) -> _Measure | None:
    """Parse the number or range at the start, the unit and the remaining arguments."""
    amount, index = "", 0
    while index < len(values):
        number = _amount(values[index], wiki)
        if number is None:
            return None
        amount += number
        separator = values[index + 1] if index + 1 < len(values) else ""
        joiner = wiki.units.ranges.get(separator)
        if joiner is None or index + 2 >= len(values):
            return _Measure(amount, separator, values[index + 2 :]) if separator else None
        amount += joiner
        index += 2
    return None


def _amount(text: str, wiki: Wiki) -> str | None:
    """Parse an amount: a plain, scientific or mixed number, a fraction, or a range."""
    if (number := format_number(text, wiki.numbers)) is not None:
        return number
    if match := _MIXED.match(text):
        sign, whole, numerator, denominator = match.groups()
        sign = "−" if sign in {"-", "−"} else ""
        return f"{sign}{f'{whole} ' if whole else ''}{numerator}/{denominator}"
    if match := _POWER.match(text):
        base = format_number(match.group(1), wiki.numbers)
        return base and f"{base} × 10{superscript(match.group(2).lstrip('+'))}"
    if match := _RANGE.match(text):
        ends = [format_number(end, wiki.numbers) for end in match.groups()]
        return f"{ends[0]}–{ends[1]}" if all(ends) else None
    return None


def _with_unit(
    amount: str, code: str, is_adjective: bool, call: TemplateCall, wiki: Wiki
) -> str | None:
    """Add the unit to an amount, or return None if the unit is unknown."""
    units, is_short = wiki.units, _is_abbreviated(call)
    if (match := _PREFIXED_UNIT.match(code)) and match.group(1) in units.millions:
        if is_short:
            amount, code = f"{amount} × 10{superscript(match.group(1))}", match.group(2)
        else:
            amount, code = f"{amount} {units.millions[match.group(1)]}", match.group(2)
    word = None if is_short and units.symbols else units.words.get(code)
    name = word or units.symbols.get(code)
    if name is None:
        return None
    if word and (is_adjective or _is_singular(amount)) and (units.singular or units.joiner):
        name = _singular(word, units.singular)
    if word and call.option("sp") == "us":
        name = _AMERICAN.sub(r"\1er", name)
    if name[0] == "/":
        return f"{amount}{name}"
    amount = amount.replace(_BY, " by " if word else f"{units.joiner}{name} × ")
    if is_adjective and word and units.joiner:
        return f"{amount.replace(' by ', '-by-')}-{name.replace(' ', '-')}"
    return f"{amount}{units.joiner}{name}"


def _is_abbreviated(call: TemplateCall) -> bool:
    """Return whether the page shows the unit's symbol, as `{{cvt}}` and `abbr=on` do."""
    default = "on" if call.name == "cvt" else ""
    return (call.option("abbr") or default) in _SHORT


def _singular(words: str, irregular: dict[str, str]) -> str:
    """Return the singular of a unit's name: square mile, kilometre per hour, foot."""
    if words in irregular:
        return irregular[words]
    first, *rest = re.split(r"(?= per )", words, maxsplit=1)
    head, _, last = first.rpartition(" ")
    last = irregular.get(last, last.removesuffix("s"))
    return "".join([f"{head} {last}".lstrip(), *rest])


def _is_singular(amount: str) -> bool:
    """Return whether an amount takes a singular unit, as in “1 mile” and “1/2 inch”."""
    return amount in {"1", "−1", "one"} or re.fullmatch(r"−?\d+/\d+", amount) is not None


def render_fraction(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{frac|3|1|2}}` as “3 1/2”.

    A fraction without a whole number starts with a marker, so that `12{{frac|1|2}}` can later
    become 12½.
    """
    values = [_clean(value) for value in call.filled()]
    if not 1 <= len(values) <= 3 or not all(value.isalnum() for value in values):
        return None
    if len(values) == 1:
        return f"{FRACTION}1/{values[0]}"
    whole = f"{values[0]} " if len(values) > 2 else FRACTION
    return f"{whole}{values[-2]}/{values[-1]}"


def render_value(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{val|1.007|0.002|u=kg}}` as “1.007 ± 0.002 kg”."""
    # Unlike other templates, {{val}} doesn't separate the thousands of four digits.
    numbers = wiki.numbers and replace(wiki.numbers, grouped_from=5)
    text = format_number(_clean(call.value(0)), numbers)
    uncertainty = _clean(call.value(1))
    if text is None or call.value(2):
        return None
    if uncertainty.startswith("("):
        text += uncertainty
    elif uncertainty:
        margin = format_number(uncertainty, wiki.numbers)
        if margin is None:
            return None
        text += f" ± {margin}"
    if power := call.option("e"):
        text += f" × 10{superscript(power)}"
    code = call.option("u") or call.option("ul") or ""
    unit = wiki.units.symbols.get(code, code)
    return None if re.search(r"[\d\[\]]", unit) else f"{text} {unit}".strip()


def render_unit(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{unité|2000|m}}` as “2 000 m”.

    The exponent follows its unit, so `{{unité|3|m|2}}` becomes “3 m²”.
    """
    text = format_number(_clean(call.value(0)).replace(" ", "").replace(",", "."), wiki.numbers)
    if power := call.option("e"):
        text = text and f"{text} × 10{superscript(power)}"
    units = [_clean(value) for value in call.values[1:] if value]
    if text is None:
        return None
    shown = ""
    for unit in units:
        is_power = superscript(unit) != unit
        shown += superscript(unit) if is_power else f"{'⋅' if shown else ''}{unit}"
    return f"{text} {shown}".strip()


def render_chemical(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{chem|H|2|O}}` or `{{chem2|H2O}}` as “H₂O”."""
    if len(call.values) != 1:
        return "".join(map(subscript, call.values)) or None
    if not _CHEMICAL.match(call.value(0)):
        return None
    return re.sub(r"(?<=[A-Za-z)\]])\d+", lambda m: subscript(m.group()), call.value(0))


def render_number(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render a number with the wiki's separators."""
    return None if has_more("1", call) else format_number(_clean(call.value(0)), wiki.numbers)


def render_superscript(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{10^|6}}` as “× 10⁶” if `options` is `× 10`.

    If `options` contains `{1}`, the first argument of the call is the base.
    """
    values = call.filled()
    base = options.replace("{1}", values[0] if values else "")
    return f"{base}{superscript(values[-1])}" if values else None


def render_subscript(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{sub|2}}` as “₂”."""
    return subscript(call.value(0)) or None


def render_money(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{US$|100}}` as “US$100” if `options` is `US$`.

    The result is None if the call contains a year.
    """
    amount = _clean(call.value(0))
    text = format_number(amount, wiki.numbers) or (amount if amount[:1].isdigit() else None)
    return None if text is None or call.value(1) else f"{options}{text}"


def render_currency(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{currency|300|USD}}` as “US$300”."""
    code = (call.value(1) or call.option("type")).strip().upper()
    text = format_number(_clean(call.value(0) or call.option("amount")), wiki.numbers)
    sign = wiki.currencies.get(code)
    return f"{sign}{text}" if sign and text and not call.value(2) else None
