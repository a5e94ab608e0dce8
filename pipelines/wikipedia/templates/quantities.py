"""Render templates that show numbers: measurements, fractions, values and chemical formulas."""

import html
import re
from dataclasses import dataclass, replace

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
_SPELLED = ("spell", "input", "disp_only")
_CHEMICAL = re.compile(r"[\w()\[\]+\-−·*]+\Z")


def render_measure(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{convert|60|to|80|kg|lb}}` as “60 to 80 kg”, without the conversion.

    The result is None if the page shows something else (only the conversion, or a spelled-out
    number), or if the amount or unit can't be parsed.
    """
    if call.named.get("disp", "") not in _VISIBLE or any(call.named.get(k) for k in _SPELLED):
        return None
    measure = _parse_measure([_clean(value) for value in call.values], wiki)
    adjective = call.named.get("adj", "")
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
    units = wiki.units
    if (match := _PREFIXED_UNIT.match(code)) and match.group(1) in units.millions:
        if call.named.get("abbr", "") in _YES:
            amount, code = f"{amount} × 10{superscript(match.group(1))}", match.group(2)
        else:
            amount, code = f"{amount} {units.millions[match.group(1)]}", match.group(2)
    name = units.words.get(code) or units.symbols.get(code)
    if name is None:
        return None
    if name in units.singular and (is_adjective or _is_singular(amount)):
        name = units.singular[name]
    if name[0] == "/":
        return f"{amount}{name}"
    is_hyphenated = is_adjective and name.isalpha() and len(name) > 2
    return f"{amount}{'-' if is_hyphenated else units.joiner}{name}"


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
    if power := call.named.get("e"):
        text += f" × 10{superscript(power)}"
    code = call.named.get("u") or call.named.get("ul") or ""
    unit = wiki.units.symbols.get(code, code)
    if re.search(r"[\d\[\]]", unit) or set(call.named) & {"up", "upl", "end", "p", "s"}:
        return None
    return f"{text} {unit}".strip()


def render_unit(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{unité|2000|m}}` as “2 000 m”.

    The exponent follows its unit, so `{{unité|3|m|2}}` becomes “3 m²”.
    """
    text = format_number(_clean(call.value(0)).replace(" ", "").replace(",", "."), wiki.numbers)
    if power := call.named.get("e"):
        text = text and f"{text} × 10{superscript(power)}"
    units = [_clean(value) for value in call.values[1:] if value]
    if text is None or any(key not in {"e", "u"} for key in call.named):
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
    return format_number(_clean(call.value(0)), wiki.numbers)


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
    if text is None or call.value(1) or set(call.named) - {"link", "long", "nolink"}:
        return None
    return None if call.named.get("long") else f"{options}{text}"


def render_currency(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{currency|300|USD}}` as “US$300”."""
    code = (call.value(1) or call.named.get("type", "")).strip().upper()
    text = format_number(_clean(call.value(0) or call.named.get("amount", "")), wiki.numbers)
    sign = wiki.currencies.get(code)
    is_plain = not set(call.named) - {"1", "2", "amount", "type", "linked", "first"}
    return f"{sign}{text}" if sign and text and is_plain and not call.value(2) else None
