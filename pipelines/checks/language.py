"""Check that a text is English, by counting function words of English and of other languages."""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import load_lexicon

_LEXICON = load_lexicon(__name__)
_WORD = re.compile(r"[^\W\d_]+")
LEAST_SHARE = 0.12
LEAST_WORDS = 8


def check_language(item: CheckInput) -> Failure | None:
    """Reject a text that isn't English in an English campaign.

    Campaigns in other languages aren't checked.
    """
    if item.language != "en" or is_english(item.text):
        return None
    return Failure("not English", item.text[:80])


def is_english(text: str) -> bool:
    """Return whether a text is English. Texts with fewer than 8 words count as English."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < LEAST_WORDS:
        return True
    english = sum(word in _LEXICON.english for word in words)
    other = sum(word in _LEXICON.other for word in words)
    return english >= LEAST_SHARE * len(words) and english > other
