"""Private-use characters that mark places in a text until it is cut into passages.

Pages don't contain them: `remove_markers` drops them from a page's source.
"""

# A formula that can't be written in one line.
FORMULA = "\ue000"
# A hole, `HOLE + name + HOLE_END`: something a reader sees that can't be rendered.
HOLE, HOLE_END = "\ue001", "\ue002"
# A space at which a text isn't cut, because a quotation belongs to its introduction and author.
TIE = "\ue003"
# The edges of a quotation that stands in its own block.
QUOTATION, QUOTATION_END = "\ue004", "\ue005"
# Something that a bracket can lack, such as a pronunciation: `ASIDE + text + ASIDE_END`.
ASIDE, ASIDE_END = "\ue006", "\ue007"
# The start of a fraction, which may follow a whole number.
FRACTION = "\ue008"
# A hole that is a block of its own, such as a box.
BLOCK = "\ue009"

_ALL = dict.fromkeys(range(0xE000, 0xE00A))
_QUOTATION_MARKS = str.maketrans({TIE: " ", QUOTATION: None, QUOTATION_END: None})


def remove_markers(text: str) -> str:
    """A page's source without these characters."""
    return text if text.isascii() else text.translate(_ALL)


def hole(name: str) -> str:
    """The mark of something that can't be rendered."""
    return f"{HOLE}{name[:40]}{HOLE_END}"


def has_hole(text: str) -> bool:
    """Whether something in a text couldn't be rendered."""
    return HOLE in text or FORMULA in text


def show_quotations(text: str) -> str:
    """A text whose quotations have no marks, after it was cut into passages."""
    return text if text.isascii() else text.translate(_QUOTATION_MARKS)
