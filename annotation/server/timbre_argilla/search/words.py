"""Split texts and queries into search words, in the same way for SQLite and PostgreSQL.

Case and accents are ignored: *cafe* finds *Café* and vice versa. Each Han or kana character is a
word, so that phrase searches find any sequence of them. Words aren't stemmed, and stop words aren't
removed, whatever the language.
"""

import re
import unicodedata

MAX_WORD_LENGTH = 255
"""The maximum length of a word. Longer words are truncated in both texts and queries."""

_SINGLES = "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SINGLES += "\U00020000-\U0003134f"
# Vowel signs and other marks are part of a word, but Python's \w excludes them.
_MARKS = "".join(
    chr(code) for code in range(0x0370, 0xFB20) if unicodedata.category(chr(code)).startswith("M")
)
_WORD = re.compile(f"[{_SINGLES}]|(?:(?![{_SINGLES}])[^\\W_]|[{_MARKS}])+")
_ACCENTS = dict.fromkeys(range(768, 880))


def split_words(text: str) -> list[str]:
    """Split a text into words, in order."""
    if not text.isascii():
        bare = unicodedata.normalize("NFKD", text).translate(_ACCENTS)
        # Recompose characters for scripts whose letters decompose into more than accents.
        text = unicodedata.normalize("NFC", bare)
    return [word[:MAX_WORD_LENGTH] for word in _WORD.findall(text.casefold())]
