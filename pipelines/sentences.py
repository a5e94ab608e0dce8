"""English text cut into sentences and words, by rules that suit encyclopedic prose."""

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set to look things up in."""
    return frozenset(text.split())


_SHORT = word_set(
    "mr mrs ms dr st no nos vol vols pp p jr sr inc ltd co corp gen lt col capt cmdr maj sgt adm "
    "rev prof gov sen rep pres hon mt ft fig figs ed eds cf ca c approx est al vs v eg ie e.g i.e "
    "jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n d.c a.m p.m b.c a.d ph.d op dept "
    "univ assn bros messrs supt comdr brig pvt cpl ave blvd rd"
)
_END = re.compile(r"[.!?][\"”’')\]]*\s+(?=[\"“‘'(\[]*[A-Z0-9À-Þ])")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*|\d+(?:[.,:]\d+)*")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, in order; an abbreviation's full stop ends none."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        before = text[start : end.start()]
        if text[end.start()] == "." and _abbreviated(before):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _abbreviated(before: str) -> bool:
    last = before.rsplit(None, 1)[-1].lstrip("(“\"'[") if before.strip() else ""
    return last.lower() in _SHORT or (len(last) == 1 and last.isupper()) or _initials(last)


def _initials(word: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Z]\.)+[A-Z]", word))


def words(text: str) -> list[str]:
    """The words and numbers of a text, as they are written."""
    return _WORD.findall(text)
