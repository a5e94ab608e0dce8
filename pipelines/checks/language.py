"""Whether a text is English, by the share of its words that are English function words."""

from pipelines.words import word_set, words

_FUNCTION = word_set(
    "the of and to in a is was that for on as with by he it at from his an are were which be had "
    "also has its this not but or they their one have her she who been you i we all when there "
    "what so if about into up out more can will would do did no my me your"
)
LEAST_SHARE = 0.18
LEAST_WORDS = 8


def is_english(text: str) -> bool:
    """Whether a text is English; one too short to tell passes."""
    said = [word.lower() for word in words(text) if not word[0].isdigit()]
    if len(said) < LEAST_WORDS:
        return True
    return sum(word in _FUNCTION for word in said) / len(said) >= LEAST_SHARE
