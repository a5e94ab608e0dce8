"""Split paragraphs into sentences."""

import re

STOPS = ".!?…؟۔।॥։።။។"
"""The marks that end a sentence before whitespace, in Latin, Arabic, Indic and other scripts."""
WIDE_STOPS = "。！？"
"""The marks that end a sentence in Chinese and Japanese, which need no whitespace."""
# A possible end of a sentence: a full stop or similar mark, closing quotes or brackets, whitespace,
# and a character that can start a sentence.
_END = re.compile(
    rf"[{STOPS}][\"”’»)\]]*\s+(?=[\"“„‘«(\[¿¡]*[^\W_a-zа-яё])|[{WIDE_STOPS}][」』”]?(?=.)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:[A-Z]|[A-Z]\.[A-Z]|(?:[A-Z]\.){2,}[A-Z]?|Mr|Mrs|Ms|Dr|Prof|St|Ste|Sr|Jr|Gen"
    r"|Col|Capt|Lt|Sgt|Maj|Gov|Sen|Rep|Rev|Hon|Pres|Mt|Ft|No|Nos|Vol|vol|pp|p|cf|ca|c|fl|r|d|b|vs|v"
    r"|etc|al|ed|eds|trans|approx|est|Inc|Ltd|Co|Corp|Bros|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct"
    r"|Nov|Dec|e\.g|i\.e|O\.S|N\.S|U\.S|U\.K|lit|Eng|Fr|Gr|Lat|bzw|z\.B|d\.h|u\.a|ca|Nr|Bd|\d{1,2})\.\Z"
)
_CAN_END = re.compile(r"(?:U\.S|U\.K|etc|al|Inc|Ltd|Co|Corp|Jr|Sr|\b\d{1,2})\.\Z")
_OPENER = re.compile(
    r"(?:The|A|An|In|On|At|It|He|She|They|This|These|Those|That|There|But|However|As|After|Before"
    r"|By|For|From|When|While|With|During|Although|Since|Its|His|Her|Their|Some|Many|Most|One)\b"
)


def split_sentences(paragraph: str) -> list[str]:
    """Split a paragraph into sentences.

    Initials, titles and abbreviations don't end a sentence. The exceptions are abbreviations that
    often end a sentence (`U.S.`, `etc.`), if the next word often starts one.
    """
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        before = paragraph[start : match.end()].rstrip()
        if _is_end(before, paragraph[match.end() : match.end() + 12]):
            sentences.append(before)
            start = match.end()
    if rest := paragraph[start:].strip():
        sentences.append(rest)
    return sentences


def _is_end(before: str, after: str) -> bool:
    tail = before[-24:]
    if not tail.endswith(".") or not _ABBREVIATION.search(tail):
        return True
    return _CAN_END.search(tail) is not None and _OPENER.match(after) is not None
