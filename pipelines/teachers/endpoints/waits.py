"""Find out how long an endpoint asks clients to wait, and whether waiting can help."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

from pipelines.teachers.endpoints.api_error import ApiError

_UNIT = r"(ms|milliseconds?|hours?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])"
_AMOUNT = re.compile(rf"(\d+(?:\.\d+)?)\s*{_UNIT}", re.IGNORECASE)
_REQUEST = re.compile(
    r"(?:try\w* again|retry\w*|wait\w*|estimated_time|reset\w*)[^\d]{0,24}"
    rf"((?:\d+(?:\.\d+)?\s*{_UNIT}[\s,]*(?:and )?)+|\d+\.\d+)",
    re.IGNORECASE,
)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_DAILY = re.compile(r"per[ _-]?day|daily|\b[RT]PD\b|24 hours", re.IGNORECASE)
_RESETS = (
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
    "x-ratelimit-reset",
)
_EPOCH = 1_000_000_000  # larger numbers are timestamps, smaller ones are durations


def requested_wait(headers: Mapping[str, str], error: ApiError) -> float | None:
    """Return how many seconds a response asks to wait (in a header or its text), or None.

    The wait can be given in `retry-after` (in seconds or as a date), `retry-after-ms`, the reset
    headers of OpenAI, Groq, Anthropic and OpenRouter, or a message such as “try again in 7m12s”.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    now = _time(headers.get("date", "")) or datetime.now(UTC)
    waits = [_until(headers.get("retry-after", ""), now)]
    if match := _REQUEST.search(error.text):
        waits.append(_duration(match[1]))
    if error.status == 429:
        spent = [name for name in _RESETS if _is_spent(headers, name)]
        waits += [_until(headers[name], now) for name in spent]
    return next((wait for wait in waits if wait is not None and wait > 0), None)


def is_daily_quota(error: ApiError, wait: float | None) -> bool:
    """Return whether an error reports a daily quota, so that a short wait doesn't help.

    If a provider says how long to wait, its daily limit is usually a sliding window, so that
    waiting does help. Gemini is an exception: it suggests a short wait even for daily quotas.
    """
    if "PerDay" in error.text:
        return True
    return wait is None and bool(_DAILY.search(error.text))


def _is_spent(headers: Mapping[str, str], name: str) -> bool:
    """Return whether a reset header is present and its quota is used up or not reported."""
    remaining = headers.get(name.replace("reset", "remaining"), "0")
    return name in headers and _number(remaining) in {None, 0.0}


def _until(text: str, now: datetime) -> float | None:
    """Convert a number, a duration, a timestamp or a date to a number of seconds from now."""
    number = _number(text)
    if number is not None:
        number = number / 1000 if number > _EPOCH * 1000 else number
        return number - now.timestamp() if number > _EPOCH else number
    if time := _time(text):
        return (time - now).total_seconds()
    return _duration(text)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _time(text: str) -> datetime | None:
    """Parse an HTTP date or an ISO timestamp; return None if the text is neither."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            time = parse(text)
        except (ValueError, TypeError):
            continue
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def _duration(text: str) -> float | None:
    amounts = _AMOUNT.findall(text)
    if not amounts:
        return _number(text.strip())
    units = [(float(number), unit.lower()) for number, unit in amounts]
    return sum(
        number / 1000 if unit.startswith(("ms", "mil")) else number * _SECONDS[unit[0]]
        for number, unit in units
    )
