"""Private-use characters that mark places in an article until it's split into passages.

`remove_markers` strips marker characters from page sources, so that text can't be mistaken for
markers.
"""

# A formula that can't be written on one line.
FORMULA = "\ue000"
# A hole, `HOLE + name + HOLE_END`: something that readers see but that can't be rendered.
HOLE, HOLE_END = "\ue001", "\ue002"
# A space at which a text isn't split, because a quotation belongs to its introduction and author.
TIE = "\ue003"
# The start and end of a block quotation.
QUOTATION, QUOTATION_END = "\ue004", "\ue005"
# Text in brackets that can be omitted, such as a pronunciation: `ASIDE + text + ASIDE_END`.
ASIDE, ASIDE_END = "\ue006", "\ue007"
# The start of a fraction, which may follow a whole number.
FRACTION = "\ue008"
# A hole that is a separate block, such as a box.
BLOCK = "\ue009"
# The start of a line that is a heading, whatever it ends with.
HEADING = "\ue00a"

_ALL = [chr(code) for code in range(0xE000, 0xE00B)]
_QUOTATION_MARKS = str.maketrans({TIE: " ", QUOTATION: None, QUOTATION_END: None})


def remove_markers(text: str) -> str:
    """Remove all marker characters from the source of a page."""
    if text.isascii():
        return text
    for marker in _ALL:  # far faster than `str.translate`, because pages hardly ever have any
        if marker in text:
            text = text.replace(marker, "")
    return text


def hole(name: str) -> str:
    """Return a marker for something that can't be rendered, with its name."""
    return f"{HOLE}{name[:40]}{HOLE_END}"


def has_hole(text: str) -> bool:
    """Return whether a text contains something that couldn't be rendered."""
    return HOLE in text or FORMULA in text


def show_quotations(text: str) -> str:
    """Remove quotation markers after an article has been split into passages."""
    is_plain = text.isascii() or not (QUOTATION in text or QUOTATION_END in text or TIE in text)
    return text if is_plain else text.translate(_QUOTATION_MARKS)
