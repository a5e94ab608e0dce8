"""Recognise the language of a text by its most frequent words."""

from pipelines.text.words import load_lexicon, split_words

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
_LEXICON = load_lexicon(__name__)
_FREQUENT = {language: frozenset(getattr(_LEXICON, language)) for language in LANGUAGES}


def recognise_language(text: str) -> str:
    """The code of a text's language, one of `LANGUAGES`; English if nothing speaks for another."""
    words = [word.lower() for word in split_words(text)]
    counts = {code: sum(word in known for word in words) for code, known in _FREQUENT.items()}
    return max(LANGUAGES, key=lambda code: counts[code])
