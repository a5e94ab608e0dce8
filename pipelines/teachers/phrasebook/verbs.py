"""Load English verbs and their forms from `verbs.txt`."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.text.words import load_lexicon

_VOWELS = "aeiou"
_WORDS = load_lexicon(__name__)
BE: frozenset[str] = _WORDS.be
AUXILIARIES: frozenset[str] = BE | _WORDS.auxiliaries
# Past forms that are equally common as nouns or adjectives.
NOUNS_TOO: frozenset[str] = _WORDS.nouns_too
# Present forms that are rarely nouns, so they can be recognised as verbs.
PRESENT: frozenset[str] = _WORDS.present
PLURAL_PRESENT: frozenset[str] = _WORDS.plural_present


@dataclass(frozen=True)
class Verb:
    """The forms of a verb.

    `is_transitive` is true for verbs that fit the question “What did X …?”.
    """

    base: str
    past: str
    participle: str
    is_transitive: bool

    @property
    def singular(self) -> str:
        """The third-person singular in the present tense."""
        if self.base == "have":
            return "has"
        if self.base.endswith(("s", "x", "z", "ch", "sh", "o")):
            return self.base + "es"
        if self.base.endswith("y") and self.base[-2] not in _VOWELS:
            return self.base[:-1] + "ies"
        return self.base + "s"

    @property
    def ing(self) -> str:
        """The present participle."""
        if self.base.endswith("ie"):
            return self.base[:-2] + "ying"
        if self.base.endswith("e") and not self.base.endswith(("ee", "oe", "ye")):
            return self.base[:-1] + "ing"
        return self.base + (self.base[-1] if self.base in _WORDS.doubled else "") + "ing"


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ied"
    return base + (base[-1] if base in _WORDS.doubled else "") + "ed"


def _parse_verb(entry: str) -> Verb:
    """Parse a verb from `verbs.txt`: base/past/participle, with an asterisk if it's transitive."""
    base, *irregular = entry.removesuffix("*").split("/")
    past, participle = irregular or (_regular_past(base), _regular_past(base))
    return Verb(base, past, participle, entry.endswith("*"))


_LINES = Path(__file__).with_name("verbs.txt").read_text(encoding="utf-8").splitlines()
_VERBS = [_parse_verb(w) for line in _LINES if not line.startswith("#") for w in line.split()]
BY_PAST = {verb.past: verb for verb in _VERBS}
BY_PARTICIPLE = {verb.participle: verb for verb in _VERBS}
BY_SINGULAR = {verb.singular: verb for verb in _VERBS}
BY_PRESENT = {form: verb for verb in _VERBS for form in (verb.base, verb.singular)}
BY_ING = {verb.ing: verb for verb in _VERBS}


def is_finite(word: str) -> bool:
    """Return whether a word can be the finite verb of a sentence."""
    return word in AUXILIARIES or word in BY_PAST or word in PRESENT
