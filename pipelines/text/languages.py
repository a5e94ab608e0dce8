"""Recognise the language of text by its most frequent words."""

from pipelines.text.words import load_lexicon, split_words

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
_LEXICON = load_lexicon(__name__)
_FREQUENT = {language: frozenset(getattr(_LEXICON, language)) for language in LANGUAGES}


def recognise_language(text: str) -> str:
    """Return the language code of a text, one of `LANGUAGES`; English is the default."""
    words = [word.lower() for word in split_words(text)]
    counts = {code: sum(word in known for word in words) for code, known in _FREQUENT.items()}
    return max(LANGUAGES, key=lambda code: counts[code])
