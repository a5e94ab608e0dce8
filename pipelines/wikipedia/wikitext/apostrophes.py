"""Remove bold and italic marks, which are balanced per line as in MediaWiki.

The rules follow `doAllQuotes` in MediaWiki's parser. An apostrophe next to a mark is preserved:
`dell'''Aida''` becomes “dell'Aida”, and `''Time'''s` becomes “Time's”.
"""

import re

_RUN = re.compile(r"('{2,})")
_LENGTHS = {4: 3}  # An apostrophe and a bold mark.
_BOTH = 5


def remove_emphasis(text: str) -> str:
    """Remove bold and italic marks, but keep apostrophes."""
    if "''" not in text:
        return text
    return "\n".join(_clean(line) if "''" in line else line for line in text.split("\n"))


def _clean(line: str) -> str:
    parts = _RUN.split(line)
    runs = parts[1::2]
    is_even = runs.count("'''") % 2 == 0 and runs.count("''") % 2 == 0
    is_short = all(len(run) in {2, 3} for run in runs)
    if is_even and is_short and not _has_inner_mark(parts):
        return "".join(parts[::2])
    _take_extra(parts)
    _separate_apostrophes(parts)
    _balance(parts)
    return "".join("" if index % 2 else part for index, part in enumerate(parts))


def _has_inner_mark(parts: list[str]) -> bool:
    """Return whether a bold mark is between two letters, where it may include an apostrophe."""
    return any(
        parts[i] == "'''" and parts[i - 1][-1:].isalpha() and parts[i + 1][:1].isalpha()
        for i in range(1, len(parts), 2)
    )


def _take_extra(parts: list[str]) -> None:
    """If a run of apostrophes is too long, move the surplus ones into the text before the run."""
    for index in range(1, len(parts), 2):
        length = len(parts[index])
        kept = _LENGTHS.get(length, min(length, _BOTH))
        parts[index - 1] += "'" * (length - kept)
        parts[index] = "'" * kept


def _separate_apostrophes(parts: list[str]) -> None:
    """Read `'''` between letters as an apostrophe and an italic mark where italics start or end.

    The mark ends italics that are open; otherwise, it starts italics if the next mark is `''`.
    Unlike this function, MediaWiki treats only one `'''` per line in this way, and drops the
    apostrophes of all others.
    """
    is_italic = is_bold = False
    for index in range(1, len(parts), 2):
        before, after = parts[index - 1][-1:], parts[index + 1][:1]
        following = parts[index + 2] if index + 2 < len(parts) else ""
        is_inner = parts[index] == "'''" and before.isalpha() and after.isalpha()
        is_closing = is_italic and not is_bold and following != "'''"
        is_opening = not is_italic and not is_bold and following == "''"
        if is_inner and (is_closing or is_opening):
            parts[index - 1] += "'"
            parts[index] = "''"
        length = len(parts[index])
        is_italic ^= length in {2, _BOTH}
        is_bold ^= length in {3, _BOTH}


def _balance(parts: list[str]) -> None:
    """Read one `'''` as an apostrophe and italics if both bold and italics are left open."""
    lengths = [len(run) for run in parts[1::2]]
    both = lengths.count(_BOTH)
    if (lengths.count(3) + both) % 2 == 0 or (lengths.count(2) + both) % 2 == 0:
        return
    bold = [index for index in range(1, len(parts), 2) if len(parts[index]) == 3]
    if not bold:
        return
    index = min(bold, key=lambda index: (_rank(parts[index - 1]), index))
    parts[index - 1] += "'"
    parts[index] = "''"


def _rank(before: str) -> int:
    """Rank a bold mark: 0 after a one-letter word, 1 after a longer word, and 2 after a space.

    To balance a line, MediaWiki reads the bold mark with the lowest rank as an apostrophe and an
    italic mark.
    """
    if before.endswith(" "):
        return 2
    return 0 if before[-2:-1] == " " else 1
