"""Check that a text is English, by counting English and foreign function words."""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import load_lexicon

_LEXICON = load_lexicon(__name__)
_WORD = re.compile(r"[^\W\d_]+")
LEAST_SHARE = 0.12
LEAST_WORDS = 8


def check_language(item: CheckInput) -> Failure | None:
    """Reject a text that isn't English in an English campaign, or is English in any other one."""
    if item.language == "en":
        return None if is_english(item.text) else Failure("not English", item.text[:80])
    is_long_enough = len(_WORD.findall(item.text)) >= LEAST_WORDS
    if is_long_enough and is_english(item.text):
        return Failure("another language", f"English, expected {item.language}: {item.text[:80]}")
    return None


def is_english(text: str) -> bool:
    """Return whether a text is English. Texts with fewer than 8 words count as English."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < LEAST_WORDS:
        return True
    english = sum(word in _LEXICON.english for word in words)
    other = sum(word in _LEXICON.other for word in words)
    return english >= LEAST_SHARE * len(words) and english > other
