"""Templates that show numbers: measures, fractions, formulas of chemistry, dates."""

import re
from collections.abc import Callable

from pipelines.wikipedia.wikitext.template_call import Arguments

_RAISED = str.maketrans("0123456789+-−n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ⁽⁾")
_LOWERED = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_RAISABLE = re.compile(r"[\d+\-−n()]+\Z")
_LOWERABLE = re.compile(r"[\d+\-−()]+\Z")
_NUMBER = re.compile(r"[+\-−]?[\d,.]*\d(?:[+⁄/]\d+(?:/\d+)?)*(?:e[+\-]?\d+)?\Z")
_DIGITS = re.compile(r"\d{5,}\Z")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

# Shown as symbols where they are symbols, as words (singular, plural) where they are words.
_UNITS = {
    "sqmi": "sq mi", "sqft": "sq ft", "sqin": "sq in", "sqyd": "sq yd", "km2": "km²", "m2": "m²",
    "cm2": "cm²", "mm2": "mm²", "km3": "km³", "m3": "m³", "cm3": "cm³", "cuft": "cu ft",
    "cuin": "cu in", "cumi": "cu mi", "cuyd": "cu yd", "C": "°C", "F": "°F", "C-change": "°C",
    "F-change": "°F", "kph": "km/h", "kn": "knots", "lbs": "lb", "nmi": "nautical miles",
    "lbf": "lbf", "USgal": "US gallons", "impgal": "imperial gallons", "U.S.gal": "US gallons",
    "sqkm": "km²", "m3/s": "m³/s", "cuft/s": "cu ft/s", "PD/sqkm": "/km²", "PD/sqmi": "/sq mi",
    "g/cm3": "g/cm³", "kg/m3": "kg/m³", "m/s2": "m/s²", "C°": "°C", "oC": "°C", "oF": "°F",
}  # fmt: skip
_WORDS = {
    "acre": "acres", "mile": "miles", "mi": "miles", "ft": "feet", "foot": "feet", "in": "inches",
    "inch": "inches", "ly": "light-years", "yd": "yards", "yard": "yards", "hectare": "hectares",
    "metre": "metres", "meter": "meters", "kilometre": "kilometres", "kilometer": "kilometers",
}  # fmt: skip
_SINGULAR = {"miles": "mile", "feet": "foot", "inches": "inch", "light-years": "light-year",
             "yards": "yard", "acres": "acre"}  # fmt: skip
_RANGES = {
    "-": "–", "–": "–", "to": " to ", "and": " and ", "and(-)": " and ", "to(-)": " to ",
    "or": " or ", "by": " by ", "x": " × ", "×": " × ", "*": " × ", "xx": " × ", "+/-": " ± ",
    "±": " ± ", "to about": " to about ", "by(-)": " by ", "&": " and ",
}  # fmt: skip
_COMPOUND = frozenset({"ft", "lb", "st", "mi", "yd", "foot", "mile"})


def raised(text: str) -> str:
    """A superscript: raised digits where the text is a number, else the text as it is."""
    return text.translate(_RAISED) if _RAISABLE.match(text) else text


def lowered(text: str) -> str:
    """A subscript: lowered digits where the text is a number, else the text as it is."""
    return text.translate(_LOWERED) if _LOWERABLE.match(text) else text


def number(text: str) -> str:
    """A number as it is read: thousands separated from five digits on, a true minus sign."""
    whole, point, rest = text.strip().partition(".")
    sign, digits = (whole[:1], whole[1:]) if whole[:1] in "+-−" else ("", whole)
    if _DIGITS.match(digits):
        digits = f"{int(digits):,}"
    return f"{'−' if sign == '-' else sign}{digits}{point}{rest}"


def converted(args: Arguments) -> str:
    """`{{convert|60|to|80|kg|lb}}`: the measure as the article gives it, without the other unit."""
    shown, unit, rest = _amount(args.values)
    if not shown:
        return ""
    adjective = args.named.get("adj") in {"on", "mid", "pre"}
    text = _with_unit(shown, unit, adjective)
    if unit in _COMPOUND and len(rest) > 1 and _NUMBER.match(rest[0]):
        text += " " + _with_unit(number(rest[0]), rest[1], adjective)
    return text


def _amount(values: list[str]) -> tuple[str, str, list[str]]:
    """The number or range a measure opens with, its unit, and the arguments after that."""
    shown, at = "", 0
    while at < len(values) and _NUMBER.match(values[at]):
        shown += number(values[at]).replace("+", " ")
        separator = values[at + 1] if at + 1 < len(values) else ""
        if separator not in _RANGES or at + 2 >= len(values):
            return shown, separator, values[at + 2 :]
        shown += _RANGES[separator]
        at += 2
    return "", "", []


def _with_unit(shown: str, unit: str, adjective: bool) -> str:
    name = _UNITS.get(unit) or _WORDS.get(unit) or unit
    if name in _SINGULAR and (adjective or shown in {"1", "one"}):
        name = _SINGULAR[name]
    if name.startswith(("°", "/")):
        return f"{shown}{'' if name[0] == '/' else ' '}{name}"
    return f"{shown}{'-' if adjective and name.isalpha() and len(name) > 2 else ' '}{name}".strip()


def fraction(args: Arguments) -> str:
    """`{{frac|3|1|2}}`: 3 1/2."""
    values = args.given()
    if len(values) < 2:
        return f"1/{values[0]}" if values else ""
    whole = f"{values[0]} " if len(values) > 2 else ""
    return f"{whole}{values[-2]}/{values[-1]}"


def measured(args: Arguments) -> str:
    """`{{val|1.007|0.002|u=kg}}`: 1.007 ± 0.002 kg."""
    text = number(args.value(0))
    spread = args.value(1)
    if spread:
        text += spread if spread.startswith("(") else f" ± {number(spread)}"
    if power := args.named.get("e"):
        text += f" × 10{raised(power)}"
    unit = args.named.get("u") or args.named.get("ul") or ""
    return f"{text} {unit}".strip()


def power_of_ten(args: Arguments) -> str:
    """`{{e|6}}`: × 10⁶."""
    return f"× 10{raised(args.value(0))}"


def power(args: Arguments) -> str:
    """`{{pow|2|8}}`: 2⁸."""
    return f"{args.value(0)}{raised(args.value(1))}"


def chemical(args: Arguments) -> str:
    """`{{chem|H|2|O}}` or `{{chem2|H2O}}`: H₂O."""
    if len(args.values) == 1:
        return re.sub(r"(?<=[A-Za-z)\]])\d+", lambda m: lowered(m.group()), args.value(0))
    return "".join(map(lowered, args.values))


def nuclide(args: Arguments) -> str:
    """`{{simplenuclide2|Carbon|14}}`: Carbon-14."""
    return "-".join(args.given()[:2])


def date(args: Arguments) -> str:
    """A date from year, month and day in numbers: 30 June 2015, June 2015, 2015."""
    values = [value for value in args.given() if value.isdigit()]
    if not values:
        return " ".join(args.given()[:1])
    year, month, day = (*values, "", "")[:3]
    if not month.isdigit() or not 1 <= int(month) <= 12:
        return year
    return f"{day.lstrip('0')} {_MONTHS[int(month) - 1]} {year}".strip()


def as_of(args: Arguments) -> str:
    """`{{as of|2015|6|lc=y}}`: as of June 2015."""
    if alternative := args.named.get("alt"):
        return alternative
    opening = "since" if args.named.get("since") else "as of"
    lower = args.named.get("lc", "") not in {"", "n", "no"}
    if args.named.get("bare"):
        return date(args)
    return f"{opening if lower else opening.capitalize()} {date(args)}"


Maker = Callable[[Arguments], str]

MAKERS: dict[str, Maker] = {
    **dict.fromkeys(("convert", "cvt", "convinfobox"), converted),
    **dict.fromkeys(("frac", "sfrac", "fraction", "tfrac"), fraction),
    **dict.fromkeys(("chem", "chem2", "chemical formula"), chemical),
    **dict.fromkeys(("simplenuclide", "simplenuclide2", "nuclide2", "nuclide", "carbon"), nuclide),
    **dict.fromkeys(
        (
            "birth date", "birth date and age", "bda", "death date", "start date", "end date",
            "start date and age", "release date", "film date", "dob", "birth-date", "death-date",
            "dts", "date",
        ),
        date,
    ),
    **dict.fromkeys(("as of", "asof"), as_of),
    "val": measured,
    "e": power_of_ten,
    "pow": power,
    "sup": lambda args: raised(args.value(0)),
    "sub": lambda args: lowered(args.value(0)),
    "su": lambda args: "",
    "10^": lambda args: f"10{raised(args.value(0))}",
    "nts": lambda args: number(args.value(0)),
    "number": lambda args: number(args.value(0)),
    "formatnum": lambda args: number(args.value(0)),
    "format price": lambda args: number(args.value(0)),
}  # fmt: skip
