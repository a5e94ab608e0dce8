"""Text as the words it is searched by: the same words in every database, and in a query.

Case and accents fall away (*Café* is found by *cafe* and the other way round). Han and kana stand
for a word each, so that a part of a run of them is found as a phrase. No stemming and no stop
words, in any language.
"""

import re
import unicodedata

LONGEST_WORD = 255
"""A longer run is cut here, in texts and queries alike."""

_EACH_A_WORD = "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_EACH_A_WORD += "\U00020000-\U0003134f"
# Vowel signs and the like are part of the word they stand in; Python's \w leaves them out.
_MARKS = "".join(
    chr(code) for code in range(0x0370, 0xFB20) if unicodedata.category(chr(code)).startswith("M")
)
_WORD = re.compile(f"[{_EACH_A_WORD}]|(?:(?![{_EACH_A_WORD}])[^\\W_]|[{_MARKS}])+")
_ACCENTS = dict.fromkeys(range(768, 880))


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    if not text.isascii():
        # Composed again at the end, for scripts whose letters decompose into more than accents.
        bare = unicodedata.normalize("NFKD", text).translate(_ACCENTS)
        text = unicodedata.normalize("NFC", bare)
    return [word[:LONGEST_WORD] for word in _WORD.findall(text.casefold())]
