"""Templates that show numbers: measures, fractions, chemical formulas and dates."""

import re
from collections.abc import Callable

from pipelines.text.words import load_lexicon
from pipelines.wikipedia.wikitext.template_call import TemplateCall

Renderer = Callable[[TemplateCall], str]

_LEXICON = load_lexicon(__name__)
_UNITS: dict[str, str] = _LEXICON.units | _LEXICON.words
_COMPOUND_UNITS = frozenset({"ft", "lb", "st", "mi", "yd", "foot", "mile"})
_SUPERSCRIPTS = str.maketrans("0123456789+-−n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ⁽⁾")
_SUBSCRIPTS = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_HAS_SUPERSCRIPTS = re.compile(r"[\d+\-−n()]+\Z")
_HAS_SUBSCRIPTS = re.compile(r"[\d+\-−()]+\Z")
_NUMBER = re.compile(r"[+\-−]?[\d,.]*\d(?:[+⁄/]\d+(?:/\d+)?)*(?:e[+\-]?\d+)?\Z")
_DIGITS = re.compile(r"\d{5,}\Z")


def superscript(text: str) -> str:
    """A number in superscript characters; other text unchanged."""
    return text.translate(_SUPERSCRIPTS) if _HAS_SUPERSCRIPTS.match(text) else text


def subscript(text: str) -> str:
    """A number in subscript characters; other text unchanged."""
    return text.translate(_SUBSCRIPTS) if _HAS_SUBSCRIPTS.match(text) else text


def format_number(text: str) -> str:
    """A number with thousands separators from five digits on and a true minus sign."""
    whole, point, rest = text.strip().partition(".")
    sign, digits = (whole[:1], whole[1:]) if whole[:1] in "+-−" else ("", whole)
    if _DIGITS.match(digits):
        digits = f"{int(digits):,}"
    return f"{'−' if sign == '-' else sign}{digits}{point}{rest}"


def _render_measure(call: TemplateCall) -> str:
    """`{{convert|60|to|80|kg|lb}}`: 60 to 80 kg, without the conversion."""
    amount, unit, rest = _parse_amount(call.values)
    if not amount:
        return ""
    is_adjective = call.named.get("adj") in {"on", "mid", "pre"}
    text = _with_unit(amount, unit, is_adjective)
    if unit in _COMPOUND_UNITS and len(rest) > 1 and _NUMBER.match(rest[0]):
        text += " " + _with_unit(format_number(rest[0]), rest[1], is_adjective)
    return text


def _parse_amount(values: list[str]) -> tuple[str, str, list[str]]:
    """The number or range at the start of a measure, its unit and the remaining arguments."""
    amount, index = "", 0
    while index < len(values) and _NUMBER.match(values[index]):
        amount += format_number(values[index]).replace("+", " ")
        separator = values[index + 1] if index + 1 < len(values) else ""
        if separator not in _LEXICON.ranges or index + 2 >= len(values):
            return amount, separator, values[index + 2 :]
        amount += _LEXICON.ranges[separator]
        index += 2
    return "", "", []


def _with_unit(amount: str, unit: str, is_adjective: bool) -> str:
    name = _UNITS.get(unit) or unit
    if name in _LEXICON.singular and (is_adjective or amount in {"1", "one"}):
        name = _LEXICON.singular[name]
    if name.startswith(("°", "/")):
        return f"{amount}{'' if name[0] == '/' else ' '}{name}"
    hyphenated = is_adjective and name.isalpha() and len(name) > 2
    return f"{amount}{'-' if hyphenated else ' '}{name}".strip()


def _render_fraction(call: TemplateCall) -> str:
    """`{{frac|3|1|2}}`: 3 1/2."""
    values = call.filled()
    if len(values) < 2:
        return f"1/{values[0]}" if values else ""
    whole = f"{values[0]} " if len(values) > 2 else ""
    return f"{whole}{values[-2]}/{values[-1]}"


def _render_value(call: TemplateCall) -> str:
    """`{{val|1.007|0.002|u=kg}}`: 1.007 ± 0.002 kg."""
    text = format_number(call.value(0))
    uncertainty = call.value(1)
    if uncertainty:
        text += uncertainty if uncertainty[0] == "(" else f" ± {format_number(uncertainty)}"
    if power := call.named.get("e"):
        text += f" × 10{superscript(power)}"
    unit = call.named.get("u") or call.named.get("ul") or ""
    return f"{text} {unit}".strip()


def _render_chemical(call: TemplateCall) -> str:
    """`{{chem|H|2|O}}` or `{{chem2|H2O}}`: H₂O."""
    if len(call.values) == 1:
        return re.sub(r"(?<=[A-Za-z)\]])\d+", lambda m: subscript(m.group()), call.value(0))
    return "".join(map(subscript, call.values))


def render_date(call: TemplateCall) -> str:
    """A date from year, month and day as numbers: 30 June 2015, June 2015, 2015."""
    values = [value for value in call.filled() if value.isdigit()]
    if not values:
        return " ".join(call.filled()[:1])
    year, month, day = (*values, "", "")[:3]
    if not month.isdigit() or not 1 <= int(month) <= 12:
        return year
    return f"{day.lstrip('0')} {_LEXICON.months[int(month) - 1]} {year}".strip()


def _render_as_of(call: TemplateCall) -> str:
    """`{{as of|2015|6|lc=y}}`: as of June 2015."""
    if alternative := call.named.get("alt"):
        return alternative
    if call.named.get("bare"):
        return render_date(call)
    opening = "since" if call.named.get("since") else "as of"
    is_lower_case = call.named.get("lc", "") not in {"", "n", "no"}
    return f"{opening if is_lower_case else opening.capitalize()} {render_date(call)}"


def _render_number(call: TemplateCall) -> str:
    return format_number(call.value(0))


RENDERERS: dict[str, Renderer] = {
    **dict.fromkeys(("convert", "cvt", "convinfobox"), _render_measure),
    **dict.fromkeys(("frac", "sfrac", "fraction", "tfrac"), _render_fraction),
    **dict.fromkeys(("chem", "chem2", "chemical formula"), _render_chemical),
    **dict.fromkeys(("as of", "asof"), _render_as_of),
    **dict.fromkeys(("nts", "number", "formatnum", "format price"), _render_number),
    # {{nuclide|Carbon|14}}: Carbon-14
    **dict.fromkeys(
        ("simplenuclide", "simplenuclide2", "nuclide2", "nuclide", "carbon"),
        lambda call: "-".join(call.filled()[:2]),
    ),
    "val": _render_value,
    "e": lambda call: f"× 10{superscript(call.value(0))}",
    "10^": lambda call: f"10{superscript(call.value(0))}",
    "pow": lambda call: f"{call.value(0)}{superscript(call.value(1))}",
    "sup": lambda call: superscript(call.value(0)),
    "sub": lambda call: subscript(call.value(0)),
    "su": lambda call: "",
}
