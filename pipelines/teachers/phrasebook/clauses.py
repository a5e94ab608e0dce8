"""Parse the beginning of an English sentence into lead-in, subject, verb and rest, using rules.

The rules don't use a grammar. The text before the first possible finite verb is the subject if it's
short and begins like a noun phrase; otherwise, the sentence isn't parsed.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from pipelines.teachers.phrasebook import verbs
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon

_MAX_LEAD_WORDS = 14
_MAX_SUBJECT_WORDS = 7
_MAX_OWNER_WORDS = 4
_MAX_VERB_POSITION = 9
_WORDS = load_lexicon(__name__)
_COMMON_ENDS = ("tion", "ment", "ing", "ists", "ics", "ness", "ship", "age", "ance", "ence", "ity")
_NO_SUBJECT = _WORDS.no_start | _WORDS.pronouns | _WORDS.possessives | verbs.AUXILIARIES
LEADS: frozenset[str] = _WORDS.leads
_TIMES = re.compile(
    r"^(?:The (?:following|next|same|previous)|That same|One|Two|Three|Four|Five|Six|Seven|Eight"
    r"|Ten|Several|A few|Some|Many) (?:\w+ )?(?:day|week|month|year|season|night|morning|evening"
    r"|hour|minute|decade|centurie)s?\b"
)
_APPOSITION = re.compile(r"^([^,]{2,50}), ([^,\d][^,]{3,70}), (?=[a-z]+\b)")


@dataclass(frozen=True)
class Subject:
    """A subject as it appears in a question.

    `is_explicit` is False if the sentence refers to the subject only with a pronoun.
    """

    text: str
    is_explicit: bool
    is_name: bool


@dataclass(frozen=True)
class Clause:
    """The beginning of a sentence, split into its parts.

    `rest` contains the words after the verb.
    """

    sentence: str
    lead: str
    subject: Subject
    verb: str
    rest: tuple[str, ...]


@lru_cache(maxsize=1024)
def parse_clauses(passage: str) -> tuple[Clause | None, ...]:
    """Parse the beginning of each sentence, in order.

    The result contains None for each sentence that can't be parsed.
    """
    clauses: list[Clause | None] = []
    previous: Subject | None = None
    for sentence in split_sentences(passage):
        clause = _parse_clause(sentence, passage, previous)
        if clause is not None and clause.subject.is_explicit:
            previous = clause.subject
        clauses.append(clause)
    return tuple(clauses)


def _parse_clause(sentence: str, passage: str, previous: Subject | None) -> Clause | None:
    text = sentence
    if match := _APPOSITION.match(sentence):
        text = f"{match.group(1)} {sentence[match.end() :]}"
    for lead, rest in _split_lead(text):
        tokens = rest.split()
        at = _find_verb(tokens)
        if at is None:
            continue
        before = _strip_adverbs(tokens[:at])
        subject = _resolve_pronoun(before, previous) or _parse_subject(before, passage, bool(lead))
        if subject is not None:
            return Clause(sentence, lead, subject, tokens[at], tuple(tokens[at + 1 :]))
    return None


def _split_lead(sentence: str) -> list[tuple[str, str]]:
    """Return possible splits into lead-in and rest: no lead-in, or the text up to an early comma.

    The text before a comma only counts as a lead-in if it begins with a typical word such as
    “After”.
    """
    first = re.split(r"[\s,]", sentence, maxsplit=1)[0].lower()
    if not (first in LEADS or _TIMES.match(sentence) or first.endswith("ing")):
        return [("", sentence)]
    commas = [match.start() for match in re.finditer(", ", sentence)][:3]
    splits = [(sentence[:comma], sentence[comma + 2 :]) for comma in commas]
    return [(lead, rest) for lead, rest in splits if len(lead.split()) <= _MAX_LEAD_WORDS]


def _find_verb(tokens: list[str]) -> int | None:
    for at, token in enumerate(tokens[:_MAX_VERB_POSITION]):
        if at and token[-1] in ",;:" and not token[:-1].isdigit():
            return None
        if at and _is_verb(tokens, at):
            return at
    return None


def _is_verb(tokens: list[str], at: int) -> bool:
    word, before = tokens[at], tokens[at - 1]
    after = tokens[at + 1] if at + 1 < len(tokens) else ""
    if word in verbs.AUXILIARIES:
        return True
    is_owner = before.endswith(("'", "'s", "’", "’s"))
    follows_determiner = is_owner or before.lower() in _WORDS.determiners
    if word in verbs.BY_PAST:
        may_be_noun = word in verbs.NOUNS_TOO and not (before[0].isupper() or before.endswith("s"))
        return after != "by" and not follows_determiner and not may_be_noun
    is_plural = word in verbs.PLURAL_PRESENT and before.endswith("s") and not before.endswith("'s")
    # An article or pronoun after other present forms shows that they're verbs.
    has_object = after.lower() in _WORDS.objects
    is_singular = word in verbs.PRESENT or (word in verbs.BY_SINGULAR and has_object)
    return (is_singular and not follows_determiner) or is_plural


def _strip_adverbs(tokens: list[str]) -> list[str]:
    while tokens and (
        tokens[-1] in _WORDS.adverbs or (tokens[-1].endswith("ly") and tokens[-1].islower())
    ):
        tokens = tokens[:-1]
    return tokens


def _resolve_pronoun(tokens: list[str], previous: Subject | None) -> Subject | None:
    """Replace a pronoun, or the pronoun in “its name”, with the previous subject."""
    first = tokens[0].lower() if tokens else ""
    if previous is None or first not in _WORDS.pronouns | _WORDS.possessives:
        return None
    may_be_person = previous.is_name and not previous.text.startswith("the ")
    if first in {"he", "she", "his", "her"} and not may_be_person:
        return None
    if first in {"they", "their"} and not previous.text.endswith("s"):
        return None
    is_long = len(previous.text.split()) > _MAX_OWNER_WORDS
    if is_long or any(token.lower() in _WORDS.no_part for token in tokens[1:]):
        return None
    if first in _WORDS.pronouns:
        return Subject(previous.text, False, previous.is_name) if len(tokens) == 1 else None
    owner = previous.text + ("'" if previous.text.endswith("s") else "'s")
    return Subject(f"{owner} {' '.join(tokens[1:])}", False, False) if len(tokens) > 1 else None


def _parse_subject(tokens: list[str], passage: str, has_lead: bool) -> Subject | None:
    """Parse the words before a verb as a subject; return None if they can't be a subject."""
    if not _is_noun_phrase(tokens):
        return None
    first, text = tokens[0].lower(), " ".join(tokens)
    if first in {"the", "a", "an"}:
        is_name = first == "the" and _is_capitalised(tokens[1:])
        return Subject(f"{first} {' '.join(tokens[1:])}", True, is_name)
    if re.match(r"[A-Z][\w.-]*(?: [A-Z][\w.-]*){0,2}['’]s? [a-z]", text):
        return Subject(text, True, False)
    if first.endswith(_COMMON_ENDS) and tokens[1:2] == ["of"]:
        return Subject(f"{first} {' '.join(tokens[1:])}", True, False)
    if _is_capitalised(tokens) and (has_lead or len(tokens) > 1 or _is_name(tokens[0], passage)):
        return Subject(text, True, True)
    return _parse_common_noun(tokens, passage)


def _is_noun_phrase(tokens: list[str]) -> bool:
    text = " ".join(tokens)
    return (
        1 <= len(tokens) <= _MAX_SUBJECT_WORDS
        and tokens[0].lower() not in _NO_SUBJECT
        and not verbs.is_finite(tokens[0])
        and tokens[-1].lower() not in _WORDS.dangling
        and not any(token.lower() in _WORDS.no_part for token in tokens[1:])
        and not re.search(r"[(){}\[\];:,%$£€]|\d{3,}$|^\d", text)
        and text.count('"') in {0, 2}
    )


def _is_capitalised(tokens: list[str]) -> bool:
    """Return whether all content words are capitalised or the whole text is in quotation marks."""
    text = " ".join(tokens)
    if re.fullmatch(r'"[^"]+"|“[^”]+”', text):
        return True
    content = [t.lstrip("\"'“‘") for t in tokens if t.lower() not in _WORDS.particles]
    return bool(content) and all(t[:1].isupper() or t[:1].isdigit() for t in content)


def _is_name(word: str, passage: str) -> bool:
    """Return whether the first word of a sentence, which is always capitalised, is a name.

    The word counts as a name if the passage also capitalises it within a sentence, or if it doesn't
    look like a common noun.
    """
    if re.search(rf"[\w,] {re.escape(word)}\b", passage) or word[1:] != word[1:].lower():
        return True
    lower = word.lower()
    is_common = lower in _WORDS.common or lower.endswith(_COMMON_ENDS)
    is_plural = lower.endswith("s") and not lower.endswith(("ss", "us", "is", "es"))
    return not (is_common or is_plural or re.search(rf"\b{re.escape(lower)}\b", passage))


def _parse_common_noun(tokens: list[str], passage: str) -> Subject | None:
    """Parse a subject that is a common noun without an article, such as “Cats” or “Red wine”."""
    first = tokens[0]
    if not first[0].isupper() or not first.isalpha() or (tokens[1:] and tokens[1][0].isupper()):
        return None
    is_people = first.lower().removesuffix("s") in _WORDS.peoples or first.lower() in _WORDS.peoples
    keeps_capital = is_people or re.search(rf"[\w,] {first}\b", passage)
    return Subject(" ".join([first if keeps_capital else first.lower(), *tokens[1:]]), True, False)
