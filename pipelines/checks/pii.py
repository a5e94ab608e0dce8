"""Use regular expressions to find personal data, which training texts must not contain.

Names aren't searched for, because encyclopedic text is full of names of public figures. Street
addresses aren't searched for, because no pattern distinguishes them from prose.
"""

import ipaddress
import re

from pipelines.checks.check import CheckInput, Failure

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]\d{2,4}){2,4}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")


def check_pii(item: CheckInput) -> Failure | None:
    """Reject a text that contains personal data.

    The failure names the kinds of personal data, but doesn't repeat the data.
    """
    kinds = find_pii_kinds(item.text)
    return Failure("personal data", "; ".join(kinds)) if kinds else None


def find_pii_kinds(text: str) -> list[str]:
    """Return the kinds of personal data in a text, such as “e-mail address”, without the data."""
    return [match.split(":")[0] for match in find_pii(text)]


def find_pii(text: str) -> list[str]:
    """Return the personal data in a text, each item with its kind, such as “e-mail address: …”."""
    matches = [f"e-mail address: {m}" for m in _EMAIL.findall(text)]
    matches += [f"phone number: {m}" for m in _PHONE.findall(text)]
    matches += [f"IP address: {m}" for m in _IPV4.findall(text) if _is_ip(m)]
    matches += [f"card number: {m}" for m in _CARD.findall(text) if _luhn(m)]
    matches += [f"bank account: {m}" for m in _IBAN.findall(text) if _iban(m)]
    return matches


def _is_ip(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _luhn(text: str) -> bool:
    """Return whether a card number has a valid check digit (ISO/IEC 7812)."""
    digits = [int(c) for c in text if c.isdigit()][::-1]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return digits[-1] != 0 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """Return whether an IBAN has valid check digits, that is, equals 1 modulo 97 (ISO 13616)."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1
