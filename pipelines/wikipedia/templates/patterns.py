"""Fill the patterns in `wikis/*.toml` with the arguments of a template call.

`{1}` is the first argument, `{lt|1}` is the argument `lt` or else the first one, and `{*:, }` is
all arguments joined by commas. `{2|=e}` is the second argument or else the letter e. The text
between `<` and `>` appears only if its arguments aren't empty. `{-2}` stands for up to two
arguments that the page doesn't show; any other argument after those in the pattern leaves a hole.
"""

import re
from functools import cache

from pipelines.wikipedia.templates.template_call import TemplateCall

_OPTIONAL = re.compile(r"<([^<>]*)>")
_FIELD = re.compile(r"\{([^{}]*)\}")
_SILENT = re.compile(r"\{-\d\}")


def fill_pattern(pattern: str, call: TemplateCall) -> str | None:
    """Fill a pattern, or return None if an argument outside `<…>` is missing or empty.

    The result is also None if there are more arguments than the pattern has.
    """
    if has_more(pattern, call):
        return None
    pieces = _OPTIONAL.split(_SILENT.sub("", pattern))  # Every second piece is optional.
    texts = [_fill(piece, call) for piece in pieces]
    if None in texts[::2]:
        return None
    return "".join(text or "" for text in texts)


def has_more(pattern: str, call: TemplateCall) -> bool:
    """Return whether a call has positional arguments after those in a pattern."""
    return any(call.value(index) for index in range(_last(pattern), call.count))


@cache
def _last(pattern: str) -> int:
    """Return the number of the last positional argument in a pattern, 100 if it shows all."""
    return 100 if "{*" in pattern else max(map(int, re.findall(r"\d", pattern)), default=0)


def _fill(piece: str, call: TemplateCall) -> str | None:
    parts = _FIELD.split(piece)
    values = [find_argument(names, call) for names in parts[1::2]]
    if not all(values):
        return None
    parts[1::2] = values
    return "".join(parts)


def find_argument(names: str, call: TemplateCall) -> str:
    """Return the first non-empty argument named in a list such as `lt|1`, or an empty string."""
    if names.startswith("*:"):
        return names[2:].join(call.filled())
    values = (_find(name, call) for name in names.split("|"))
    return next((value for value in values if value), "")


def _find(name: str, call: TemplateCall) -> str:
    if name.isdigit():
        return call.value(int(name) - 1)
    return name[1:] if name.startswith("=") else call.option(name)
