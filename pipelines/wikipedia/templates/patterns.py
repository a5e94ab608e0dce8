"""Fill the patterns in `wikis/*.toml` with the arguments of a template call.

`{1}` is the first argument, `{lt|1}` is the argument `lt` or else the first one, and `{*:, }` is
all arguments joined by commas. The text between `<` and `>` appears only if its arguments aren't
empty.
"""

import re

from pipelines.wikipedia.templates.template_call import TemplateCall

_OPTIONAL = re.compile(r"<([^<>]*)>")
_FIELD = re.compile(r"\{([^{}]*)\}")


def fill_pattern(pattern: str, call: TemplateCall) -> str | None:
    """Fill a pattern, or return None if an argument outside `<…>` is missing or empty."""
    pieces = _OPTIONAL.split(pattern)  # Every second piece is optional.
    texts = [_fill(piece, call) for piece in pieces]
    if None in texts[::2]:
        return None
    return "".join(text or "" for text in texts)


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
    values = (
        call.value(int(name) - 1) if name.isdigit() else call.named.get(name, "")
        for name in names.split("|")
    )
    return next((value for value in values if value), "")
