"""Personal data that a training text must not carry, found by pattern.

Names are not looked for: encyclopedic text is full of public ones. Street addresses are not
either; no pattern tells them from prose.
"""

import ipaddress
import re

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]\d{2,4}){2,4}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")


def pii(text: str) -> list[str]:
    """The kinds of personal data found with what was found, as “e-mail address: …”."""
    found = [f"e-mail address: {m}" for m in _EMAIL.findall(text)]
    found += [f"phone number: {m}" for m in _PHONE.findall(text)]
    found += [f"IP address: {m}" for m in _IPV4.findall(text) if _is_ip(m)]
    found += [f"card number: {m}" for m in _CARD.findall(text) if _luhn(m)]
    found += [f"bank account: {m}" for m in _IBAN.findall(text) if _iban(m)]
    return found


def _is_ip(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _luhn(text: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(c) for c in text if c.isdigit()][::-1]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return digits[-1] != 0 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """The check digits of bank accounts (ISO 13616): the rearranged number is 1 modulo 97."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1
