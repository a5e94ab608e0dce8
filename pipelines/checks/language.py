"""Whether a text is English: it counts the function words of English and of other languages."""

import re

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import word_set

_ENGLISH = word_set(
    "the of and to in a is was that for on as with by he it at from his an are were which be had "
    "also has its this not but or they their one have her she who been you i we all when there "
    "what so if about into up out more can will would do did no my me your oh okay sure well how "
    "where than then them these those some any just like know here only most very during after "
    "before over under between because while back now yes yeah right good"
)
# The most common function words of other languages in Latin script, except English words.
_OTHER = word_set(
    "el la los las un una del que y por con para su es fue como más se le les des du et est dans "
    "une qui pour au ce pas der die das und von den dem mit eine zu im wurde auf für "
    "nicht che il di della nel sono non per een het van en dat op zijn de o os da em um uma não "
    "och att det av är på w z jest na się nie do v byl a že ve bir bu"
) - word_set("a do as in on an he we me so no is to at i")
_WORD = re.compile(r"[^\W\d_]+")
LEAST_SHARE = 0.12
LEAST_WORDS = 8


def check_language(item: CheckInput) -> Failure | None:
    """Reject a text that isn't English, in an English campaign; other languages aren't checked."""
    if item.language != "en" or is_english(item.text):
        return None
    return Failure("not English", item.text[:80])


def is_english(text: str) -> bool:
    """Whether a text is English; a text of fewer than 8 words counts as English."""
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) < LEAST_WORDS:
        return True
    english = sum(word in _ENGLISH for word in words)
    other = sum(word in _OTHER for word in words)
    return english >= LEAST_SHARE * len(words) and english > other
