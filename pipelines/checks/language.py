"""Whether a text is English, by its share of English function words and of those of others."""

import re

from pipelines.words import word_set

_ENGLISH = word_set(
    "the of and to in a is was that for on as with by he it at from his an are were which be had "
    "also has its this not but or they their one have her she who been you i we all when there "
    "what so if about into up out more can will would do did no my me your oh okay sure well how "
    "where than then them these those some any just like know here only most very during after "
    "before over under between because while back now yes yeah right good"
)
# The commonest function words of other languages written in Latin letters, less those that are
# English words too.
_OTHER = word_set(
    "el la los las un una del que y por con para su es fue como más se le les des du et est dans "
    "une qui pour au ce pas der die das und von den dem mit eine zu im wurde auf für "
    "nicht che il di della nel sono non per een het van en dat op zijn de o os da em um uma não "
    "och att det av är på w z jest na się nie do v byl a že ve bir bu"
) - word_set("a do as in on an he we me so no is to at i")
_WORD = re.compile(r"[^\W\d_]+")
LEAST_SHARE = 0.12
LEAST_WORDS = 8


def is_english(text: str) -> bool:
    """Whether a text is English; one too short to tell passes."""
    said = [word.lower() for word in _WORD.findall(text)]
    if len(said) < LEAST_WORDS:
        return True
    english = sum(word in _ENGLISH for word in said)
    other = sum(word in _OTHER for word in said)
    return english >= LEAST_SHARE * len(said) and english > other
