"""The grammatical persons that a text uses, such as “I” or “you”."""

import re
from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from evaluation.measures.text import words
from evaluation.scorers.lexicon import load_lexicon
from evaluation.scorers.scorer import STRICT, Score, language_name

PersonName = Literal["I", "we", "you", "informal you", "formal you"]
_FORMS: dict[str, dict[str, list[str]]] = load_lexicon("person")
# In German and Italian, the formal pronoun is written with a capital letter inside a sentence.
_CAPITALISED = {"de", "it"}
_START = re.compile(r"(?:\A|[.!?:…]\s+|\n\s*)[\"“„«‘(]*\Z")


@dataclass(frozen=True, config=STRICT)
class PersonCriterion:
    """The grammatical persons that a text must use, and those that it must not use."""

    required: tuple[PersonName, ...] = Field(
        default=(), description="Grammatical persons that a text must use."
    )
    banned: tuple[PersonName, ...] = Field(
        default=(), description="Grammatical persons that a text must not use."
    )

    def find_problem(self, language: str) -> str:
        """Return an error message if a person's pronouns in the language aren't known."""
        if language not in _FORMS:
            return (
                f"pronouns of {language_name(language)} aren't known (only of "
                f"{', '.join(_FORMS)}); list them as words instead"
            )
        for person in (*self.required, *self.banned):
            if person not in _FORMS[language]:
                known = ", ".join(_FORMS[language])
                return f"{language_name(language)} has no {person}; choose from {known}"
        return ""

    def describe(self) -> str:
        """Describe in words which persons a text must and must not use."""
        parts = [f"it uses “{person}”" for person in self.required]
        return "; ".join([*parts, *(f"it doesn't use “{person}”" for person in self.banned)])

    def score(self, text: str, language: str) -> Score:
        """Score a text by how often it uses the required persons, per 100 words."""
        counts = {
            person: count_person(text, person, language)
            for person in (*self.required, *self.banned)
        }
        missing = [person for person in self.required if not counts[person]]
        wrong = [person for person in self.banned if counts[person]]
        detail = (
            f"it doesn't use “{missing[0]}”"
            if missing
            else f"it uses “{wrong[0]}”"
            if wrong
            else ""
        )
        rate = 100 * sum(counts[person] for person in self.required) / max(1, len(words(text)))
        return Score(not missing and not wrong, rate, detail, is_forbidden=bool(wrong))


def count_person(text: str, person: str, language: str) -> int:
    """Count the pronouns of a grammatical person in a text.

    A capitalised pronoun that also has another meaning, such as German “Sie”, counts only inside a
    sentence.
    """
    forms = _FORMS[language][person]
    return sum(_is_person(match, text, forms, language) for match in _WORD.finditer(text))


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def _is_person(match: re.Match[str], text: str, forms: list[str], language: str) -> bool:
    word = match.group().replace("’", "'")
    bare = word.split("'")[0] if language == "en" else word
    if any(form[0].isupper() for form in forms) and language in _CAPITALISED:
        return word in forms and not _START.search(text[: match.start()])
    if language in _CAPITALISED and word[0].isupper() and not _START.search(text[: match.start()]):
        return False
    return bare.lower() in [form.lower() for form in forms]
