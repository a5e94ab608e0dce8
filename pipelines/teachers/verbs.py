"""The forms of the verbs the rules know, read from a word list beside this file."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.words import word_set

_VOWELS = "aeiou"
_DOUBLED = word_set(
    "ban beat drop plan stop star run cut hit set put quit win submit commit admit permit refer "
    "prefer transfer program opt top step rob rub plot ship wrap equip begin get let sit swim "
    "forget dig expel spin rebel patrol shed span split spot trap overrun shut spur strip drip "
    "regret"
)
BE = frozenset({"is", "are", "was", "were"})
HAVE = frozenset({"has", "have", "had"})
MODAL = frozenset({"can", "could", "may", "might", "will", "would", "must", "should"})
DO = frozenset({"do", "does", "did"})
AUXILIARIES = BE | HAVE | MODAL | DO
# Past forms that are nouns or adjectives as often.
NOUNS_TOO = word_set(
    "shot hit cut set cast broadcast spread left felt cost lay put quit run read found lead led "
    "saw launch back bound split shed hurt burst shut bid offset bore lit last"
)
# Present forms that are seldom nouns, so that they can be told for verbs.
PRESENT = word_set(
    "contains includes consists features lies stands flows lives occurs remains provides serves "
    "uses represents describes depicts follows tells begins holds involves refers shows connects "
    "covers extends grows feeds belongs comes appears becomes requires produces makes takes gives "
    "sells offers carries keeps needs owns employs operates publishes allows enables prevents "
    "helps supports hosts means says argues believes explains reveals finds meets wants tries "
    "decides claims goes accuses delivers talks celebrates commemorates seems sees leaves returns "
    "learns writes"
)
PLURAL_PRESENT = word_set(
    "include contain consist remain live feed occur show suggest argue believe serve say use tell "
    "describe appear become produce grow eat fly make"
)


@dataclass(frozen=True)
class Verb:
    """A verb by its base form; `transitive` if it can be asked “What did X …?”."""

    base: str
    past: str
    participle: str
    transitive: bool

    @property
    def present(self) -> str:
        """The third person singular, present tense."""
        if self.base == "have":
            return "has"
        if self.base.endswith(("s", "x", "z", "ch", "sh", "o")):
            return self.base + "es"
        if self.base.endswith("y") and self.base[-2] not in _VOWELS:
            return self.base[:-1] + "ies"
        return self.base + "s"


def _regular(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ied"
    if base in _DOUBLED:
        return base + base[-1] + "ed"
    return base + "ed"


def _ing(base: str) -> str:
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    return base + base[-1] + "ing" if base in _DOUBLED else base + "ing"


@cache
def known_verbs() -> tuple[Verb, ...]:
    """Every verb of the list."""
    text = Path(__file__).with_name("verbs.txt").read_text(encoding="utf-8")
    entries = [w for line in text.splitlines() if not line.startswith("#") for w in line.split()]
    return tuple(_verb(entry.removesuffix("*"), entry.endswith("*")) for entry in entries)


def _verb(forms: str, transitive: bool) -> Verb:
    base, *irregular = forms.split("/")
    past, participle = irregular or (_regular(base), _regular(base))
    return Verb(base, past, participle, transitive)


@cache
def by_past() -> dict[str, Verb]:
    """Verbs by their past tense."""
    return {verb.past: verb for verb in known_verbs()}


@cache
def by_singular() -> dict[str, Verb]:
    """Verbs by their third person singular, present tense."""
    return {verb.present: verb for verb in known_verbs()}


@cache
def by_present() -> dict[str, Verb]:
    """Verbs by their present tense, third person singular and plural."""
    return {form: verb for verb in known_verbs() for form in (verb.base, verb.present)}


@cache
def by_present_participle() -> dict[str, Verb]:
    """Verbs by their form in -ing."""
    return {_ing(verb.base): verb for verb in known_verbs()}


@cache
def participles() -> frozenset[str]:
    """The past participles of the verbs."""
    return frozenset(verb.participle for verb in known_verbs())


def is_finite(word: str) -> bool:
    """Whether a word can be the verb that a sentence stands on."""
    return word in AUXILIARIES or word in by_past() or word in PRESENT
