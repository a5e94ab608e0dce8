"""Whether some words are the subject of a sentence, and how they read inside a question."""

import re
from dataclasses import dataclass

from pipelines.teachers.verbs import AUXILIARIES, is_finite
from pipelines.words import word_set

LONGEST = 7
LONGEST_OWNER = 4
PRONOUNS = word_set("he she it they")
_POSSESSIVES = word_set("his her its their")
_NO_START = word_set(
    "every there here what how that those this these when where while although though because if "
    "since as such both each one another other others many much few more most some all none "
    "neither either not only even perhaps similarly however but and or nor so yet to by for with "
    "from we i you who which whose first second finally also then later despite unlike among upon "
    "according due based given in on at of during after before until under over like"
)
_NO_PART = word_set(
    "that which who whom whose when where while because if although though but than until unless "
    "whether as to into after before he she it they we i there once"
)
_DANGLING = word_set("of in on at by for with from the a an and or to")
_PARTICLES = word_set("of the de la le du da del di van von der and for in at on to")
_COMMON = word_set(
    "salt tea ice wood glass paper cotton silk rice sugar bread milk wine beer oil wool clay rock "
    "sand soil work police music research water demand traffic trade power life evidence support "
    "interest public access service damage rainfall rain snow food gold land light money news "
    "people men women children staff production health education art language text data speed "
    "heat weather entry travel ownership control time progress half part use history nature "
    "reception criticism press opinion sound value distance growth labor labour steel coal iron "
    "fire"
)
_PEOPLES = word_set(
    "african american arab argentine asian australian austrian belgian brazilian british buddhist "
    "byzantine californian canadian catholic celtic chilean chinese christian colombian cuban "
    "czech danish dutch egyptian english ethiopian european finnish flemish french german greek "
    "hawaiian hindu hungarian icelandic indian indigenous indonesian iranian iraqi irish islamic "
    "israeli italian jamaican japanese jewish korean latin malay mexican mongol muslim nazi "
    "nigerian norman norwegian ottoman pakistani persian peruvian polish portuguese protestant "
    "prussian roman romanian russian scottish serbian sikh slavic soviet spanish sunni swedish "
    "swiss thai tibetan turkish ukrainian vietnamese victorian viking welsh western"
)
_COMMON_ENDS = ("tion", "ment", "ing", "ists", "ics", "ness", "ship", "age", "ance", "ence", "ity")


@dataclass(frozen=True)
class Subject:
    """A subject as it reads inside a question; `own` if the sentence names it itself."""

    text: str
    own: bool
    proper: bool


def resolved(tokens: list[str], before: Subject | None) -> Subject | None:
    """The earlier subject that a pronoun, or a possessive before a noun, stands for."""
    first = tokens[0].lower() if tokens else ""
    if before is None or first not in PRONOUNS | _POSSESSIVES:
        return None
    personal = before.proper and not before.text.startswith("the ")
    if first in {"he", "she", "his", "her"} and not personal:
        return None
    if first in {"they", "their"} and not before.text.endswith("s"):
        return None
    if len(before.text.split()) > LONGEST_OWNER or any(t.lower() in _NO_PART for t in tokens[1:]):
        return None
    if first in PRONOUNS:
        return Subject(before.text, False, before.proper) if len(tokens) == 1 else None
    owner = before.text + ("'" if before.text.endswith("s") else "'s")
    return Subject(f"{owner} {' '.join(tokens[1:])}", False, False) if len(tokens) > 1 else None


def subject_of(tokens: list[str], passage: str, led: bool) -> Subject | None:
    """The subject that words make, None if they are none; `led` if they do not begin a sentence."""
    if not _shaped(tokens):
        return None
    first, text = tokens[0].lower(), " ".join(tokens)
    if first in {"the", "a", "an"}:
        proper = first == "the" and _capitalised(tokens[1:])
        return Subject(f"{first} {' '.join(tokens[1:])}", True, proper)
    if re.match(r"[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,2}['’]s? [a-z]", text):
        return Subject(text, True, False)
    if first.endswith(_COMMON_ENDS) and tokens[1:2] == ["of"]:
        return Subject(f"{first} {' '.join(tokens[1:])}", True, False)
    if _capitalised(tokens) and (led or len(tokens) > 1 or _is_name(tokens[0], passage)):
        return Subject(text, True, True)
    return _common(tokens, passage)


def _shaped(tokens: list[str]) -> bool:
    text = " ".join(tokens)
    return (
        1 <= len(tokens) <= LONGEST
        and tokens[0].lower() not in _NO_START | PRONOUNS | _POSSESSIVES | AUXILIARIES
        and not is_finite(tokens[0])
        and tokens[-1].lower() not in _DANGLING
        and not any(token.lower() in _NO_PART for token in tokens[1:])
        and not re.search(r"[(){}\[\];:,%$£€]|\d{3,}$|^\d", text)
        and text.count('"') in {0, 2}
    )


def _capitalised(tokens: list[str]) -> bool:
    """Whether every word that carries meaning has a capital, or stands in quotation marks."""
    text = " ".join(tokens)
    if re.fullmatch(r'"[^"]+"|“[^”]+”', text):
        return True
    content = [t.lstrip("\"'“‘") for t in tokens if t.lower() not in _PARTICLES]
    return bool(content) and all(t[:1].isupper() or t[:1].isdigit() for t in content)


def _is_name(word: str, passage: str) -> bool:
    """Whether a word that begins a sentence is a name: not by its capital, so by what it is not."""
    if re.search(rf"[\w,] {re.escape(word)}\b", passage) or word[1:] != word[1:].lower():
        return True
    lower = word.lower()
    common = lower in _COMMON or lower.endswith(_COMMON_ENDS)
    plural = lower.endswith("s") and not lower.endswith(("ss", "us", "is", "es"))
    return not (common or plural or re.search(rf"\b{re.escape(lower)}\b", passage))


def _common(tokens: list[str], passage: str) -> Subject | None:
    """A common noun without an article, its capital taken away unless it has one elsewhere."""
    first = tokens[0]
    if not first[0].isupper() or not first.isalpha() or (tokens[1:] and tokens[1][0].isupper()):
        return None
    people = first.lower().removesuffix("s") in _PEOPLES or first.lower() in _PEOPLES
    name = people or re.search(rf"[\w,] {first}\b", passage)
    return Subject(" ".join([first if name else first.lower(), *tokens[1:]]), True, False)
