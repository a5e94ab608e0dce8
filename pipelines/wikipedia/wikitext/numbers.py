"""Format numbers in the style of a wiki."""

import re

from pipelines.wikipedia.templates.wiki import NumberFormat

_SUPERSCRIPTS = str.maketrans("0123456789+-−n()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ⁽⁾")
_SUBSCRIPTS = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
_HAS_SUPERSCRIPTS = re.compile(r"[\d+\-−n()]+\Z")
_HAS_SUBSCRIPTS = re.compile(r"[\d+\-−()]+\Z")
# Longer numbers aren't quantities, and Python refuses to convert very long ones.
_PLAIN = re.compile(r"([+\-−]?)([0-9]{0,30})(?:\.([0-9]{1,30}))?\Z")
_GROUPED = re.compile(r"([+\-−]?)([0-9]{1,3}(?:,[0-9]{3}){1,10})(?:\.([0-9]{1,30}))?\Z")
_VULGAR = {
    **{"1/2": "½", "1/3": "⅓", "2/3": "⅔", "1/4": "¼", "3/4": "¾", "1/5": "⅕", "2/5": "⅖"},
    **{"3/5": "⅗", "4/5": "⅘", "1/6": "⅙", "5/6": "⅚", "1/8": "⅛", "3/8": "⅜", "5/8": "⅝"},
    "7/8": "⅞",
}


def superscript(text: str) -> str:
    """Convert a number to superscript characters; other text isn't changed."""
    return text.translate(_SUPERSCRIPTS) if _HAS_SUPERSCRIPTS.match(text) else text


def subscript(text: str) -> str:
    """Convert a number to subscript characters; other text isn't changed."""
    return text.translate(_SUBSCRIPTS) if _HAS_SUBSCRIPTS.match(text) else text


def format_number(text: str, numbers: NumberFormat | None) -> str | None:
    """Format a number with the wiki's separators and a true minus sign.

    The result is None if the text isn't a number.

    If the wiki's number format is unknown, only integers of up to three digits can be formatted.
    """
    text = text.strip()
    match = _GROUPED.match(text) or _PLAIN.match(text)
    if match is None or not any(match.groups()[1:]):
        return None
    sign, digits, decimals = match.groups()
    is_grouped = "," in digits
    digits = digits.replace(",", "")
    if numbers is None:
        if decimals or len(digits) > 3:
            return None
        numbers = NumberFormat()
    if is_grouped or len(digits) >= numbers.grouped_from:
        digits = f"{int(digits):,}".replace(",", numbers.thousands)
    end = f"{numbers.decimal}{decimals}" if decimals else ""
    return f"{'−' if sign == '-' else sign}{digits}{end}"


def join_fraction(whole: str, fraction: str) -> str:
    """Join an integer and a fraction: 12½, or 12 5/16 if there is no character for the fraction."""
    return f"{whole}{_VULGAR[fraction]}" if fraction in _VULGAR else f"{whole} {fraction}"
