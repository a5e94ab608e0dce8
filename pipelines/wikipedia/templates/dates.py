"""Render templates that show dates."""

import re

from pipelines.wikipedia.templates.template_call import TemplateCall
from pipelines.wikipedia.templates.wiki import Wiki

_YEAR = re.compile(r"[0-9]{1,4}\Z")
_ISO = re.compile(r"(\d{3,4})-(\d{1,2})-(\d{1,2})\Z")
_YES = frozenset({"y", "yes", "1", "on", "true"})
_DAY = re.compile(r"(?:0?[1-9]|[12]\d|3[01])(?:er|º|\.)?\Z")
_WRITTEN = re.compile(r"(?:\d{1,2}(?:er|º|\.)? )?[^\W\d]+\.?(?: \d{1,2},?)? \d{1,4}\Z")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SEPARATORS = {"es": " de ", "pt": " de "}


def render_date(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render a date given as year, month and day, such as “30 June 2015” or “June 2015”."""
    parts = [value for value in call.filled() if value.lower() not in {"df", "mf"}]
    if len(parts) > 3:
        return None  # a time, or the country of a film's release
    if len(parts) == 1 and not _YEAR.match(parts[0]):
        return _written(parts[0], wiki)
    return _date(parts[::-1], wiki, is_month_first=_is_month_first(call, options))


def _is_month_first(call: TemplateCall, options: str) -> bool:
    if form := call.option("format"):
        return form.lower() in {"mdy", "md"}
    return options == "mdy" and call.option("df").lower() not in _YES


def render_day_first(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render a date that is written with the day first, such as `{{date|17|octobre|1873}}`."""
    values = call.values[:3]
    if len(call.filled()) == 1:
        return _written(call.filled()[0], wiki)
    if len(values) == 2 or (len(values) == 3 and not values[2] and not _YEAR.match(values[0])):
        values = ["", *values[:2]]
    if not any(values):
        return None
    return _date(values, wiki, is_month_first=False)


def render_single_date(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render the English Wikipedia's `{{date|2003-03-14}}` as “14 March 2003”."""
    order = call.value(1).lower()
    if len(call.filled()) > 2 or order not in {"", "dmy", "mdy"}:
        return None
    match = _ISO.match(call.value(0))
    if match is None:
        return _written(call.value(0), wiki) if not order else None
    return _date(list(match.groups())[::-1], wiki, is_month_first=order == "mdy")


def _date(parts: list[str], wiki: Wiki, is_month_first: bool) -> str | None:
    """Render a date from a year, optionally preceded by a month and a day.

    Returns None if the year, month or day isn't valid.
    """
    day, written_month, year = (part.strip() for part in ["", "", "", *parts][-3:])
    month = _month(written_month, wiki)
    has_year = _YEAR.match(year) or (not year and day and month)
    if month is None or not has_year or (day and not (month and _is_day(day, month, wiki))):
        return None
    return _in_order(day.lstrip("0"), month, year, wiki, is_month_first)


def _in_order(day: str, month: str, year: str, wiki: Wiki, is_month_first: bool) -> str:
    if wiki.language == "fr" and day == "1":
        day = "1er"
    if day and wiki.language == "de":
        day = f"{day.rstrip('.')}."
    if is_month_first and day:
        return f"{month} {day}, {year}".rstrip(", ")
    separator = _SEPARATORS.get(wiki.language, " ")
    return separator.join(part for part in (day, month, year) if part)


def _is_day(day: str, month: str, wiki: Wiki) -> bool:
    """Return whether a day exists in a month, as the 31st does in March."""
    digits = re.match(r"\d+", day)
    return bool(_DAY.match(day) and digits and int(digits[0]) <= _DAYS[wiki.months.index(month)])


def _month(text: str, wiki: Wiki) -> str | None:
    """Return the name of a month, given its number or name, or None if there is no such month."""
    if not text:
        return ""
    if _YEAR.match(text):
        number = int(text)
        return wiki.months[number - 1] if 1 <= number <= len(wiki.months) else None
    names = [month for month in wiki.months if month.lower() == text.lower()]
    short = [month for month in wiki.months if month.lower()[:3] == text.lower().rstrip(".")]
    return next(iter(names or short), None)


def _written(text: str, wiki: Wiki) -> str | None:
    """Return the text if it is a written-out date or a year, or else None."""
    text = " ".join(text.split())
    if _YEAR.match(text):
        return text
    if match := _ISO.match(text):
        return _date(list(match.groups())[::-1], wiki, is_month_first=False)
    words = re.findall(r"[^\W\d_]{3,}", text)
    return text if _WRITTEN.match(text) and words and _month(words[0], wiki) else None


def render_as_of(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{as of|2015|6|lc=y|post=,}}` as “as of June 2015,”."""
    text = call.option("alt") or _as_of(call, wiki)
    return text and f"{text}{call.option('post')}"


def _as_of(call: TemplateCall, wiki: Wiki) -> str | None:
    date = render_date(call, wiki, "mdy" if call.option("df").lower() in {"us", "mdy"} else "")
    if date is None or call.option("bare").lower() in _YES:
        return date
    opening = "since" if call.option("since").lower() in _YES else "as of"
    is_lower_case = call.option("lc") not in {"", "n", "no"}
    return f"{opening if is_lower_case else opening.capitalize()} {date}"


def render_old_style_date(call: TemplateCall, wiki: Wiki, options: str) -> str | None:
    """Render `{{OldStyleDate|4 May|1643|24 April}}` as “4 May [O.S. 24 April] 1643”."""
    day, year, old = call.value(0), call.value(1), call.value(2)
    if not day:
        return None
    return f"{day} [O.S. {old}] {year}".strip() if old else f"{day} {year}".strip()
