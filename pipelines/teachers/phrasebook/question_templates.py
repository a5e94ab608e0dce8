"""Generate the questions that a person could ask about a sentence, based on how it begins."""

import re
from dataclasses import dataclass
from itertools import dropwhile

from pipelines.teachers.phrasebook import verbs
from pipelines.teachers.phrasebook.clauses import Clause
from pipelines.text.words import load_lexicon

_WORDS = load_lexicon(__name__)
_PERSON = re.compile(rf"\b(?:\w+(?:ist|ian|wright)|{'|'.join(_WORDS.professions)})\b")
_ADVERB_PAIRS = frozenset({("at", "first"), ("at", "last"), ("at", "present"), ("in", "fact")})
_DATE = re.compile(
    r"\b(?:in|on|by|since|until|from|during) (?:the (?:spring|summer|autumn|winter|fall) of |"
    r"(?:early |late )?(?:\d{1,2} )?[A-Z][a-z]+ )?(?:\d{1,2},? )?\d{4}\b"
)
_DATE_NEXT = re.compile(r"(?:in|on) (?:\d{1,2} )?(?:[A-Z][a-z]+ )?\d{4}\b")


@dataclass(frozen=True)
class Questions:
    """Questions that a sentence answers, and general questions about the sentence's subject."""

    specific: list[str]
    general: list[str]


def questions_about(clause: Clause) -> Questions:
    """Return the questions that fit a sentence."""
    subject = clause.subject.text
    if clause.verb in verbs.BE:
        specific = _ask_be(clause)
    elif clause.verb in {"has", "have", "had"}:
        specific = _ask_have(clause)
    elif clause.verb in {"can", "could"} and clause.rest[:1] not in {("be",), ("not",), ("have",)}:
        specific = [f"What {clause.verb} {subject} do?"]
    else:
        specific = _ask_action(clause)
    return Questions(specific, [general.format(subject) for general in _WORDS.general])


def _skip_adverbs(clause: Clause) -> tuple[str, tuple[str, ...]]:
    """Skip adverbs after the verb, and return the next word and the remaining words."""
    rest = tuple(dropwhile(_is_adverb, clause.rest))
    if rest[:2] in _ADVERB_PAIRS:
        rest = rest[2:]
    return (rest[0].strip(",.;") if rest else "", rest[1:])


def _is_adverb(word: str) -> bool:
    return word in _WORDS.adverbs or (word.endswith("ly") and word not in _WORDS.ly_adjectives)


def _ask_be(clause: Clause) -> list[str]:
    subject, verb = clause.subject.text, clause.verb
    word, rest = _skip_adverbs(clause)
    if "not" in clause.rest[:2]:
        return []
    if word in verbs.BY_PARTICIPLE or word.endswith("ed"):
        return _ask_passive(clause, word, rest)
    if word == "able":
        return [f"What {verb} {subject} able to do?"]
    if word in {"a", "an", "one", "the"}:
        return _ask_identity(clause, rest)
    following = rest[0] if rest else ""
    if word in {"in", "on", "at", "near", "between"}:
        return [] if following[:1].isdigit() else [f"Where {verb} {subject}?"]
    if word.islower() and word.isalpha() and following not in _WORDS.after_adjective:
        return [f"What {verb} {subject} like?", f"How would you describe {subject}?"]
    return []


def _ask_identity(clause: Clause, rest: tuple[str, ...]) -> list[str]:
    subject, verb = clause.subject.text, clause.verb
    if _WORDS.special & set(rest[:3]):
        return [f"What's special about {subject}?", f"What makes {subject} stand out?"]
    if not clause.subject.is_name:
        return [f"How would you describe {subject}?", f"What {verb} {subject}, exactly?"]
    if not subject.startswith("the ") and _PERSON.search(" ".join(rest[:14]).split(" by ")[0]):
        return [f"Who {verb} {subject}?", f"Do you know who {subject} {verb}?"]
    return [f"What {verb} {subject}?", f"Do you know what {subject} {verb}?"]


def _ask_passive(clause: Clause, word: str, rest: tuple[str, ...]) -> list[str]:
    subject, verb = clause.subject.text, clause.verb
    following = rest[0] if rest else ""
    if phrase := _WORDS.passives.get(f"{word} {following}"):
        return [f"What {verb} {subject} {phrase}?"]
    if _is_dated(clause, word, rest):
        return [f"When {verb} {subject} {word}?", f"Do you know when {subject} {verb} {word}?"]
    if word in _WORDS.located and following in _WORDS.locating:
        return [f"Where {verb} {subject} {word}?", f"Do you know where {subject} {verb} {word}?"]
    if word in _WORDS.dated and following == "by":
        return [f"Who {verb} {subject} {word} by?"]
    if word in _WORDS.judged | _WORDS.creation:
        return [f"How {verb} {subject} {word}?"]
    is_definite = clause.subject.is_name or subject.startswith("the ")
    is_event = verb in {"was", "were"} and is_definite and word not in _WORDS.vague | _WORDS.dated
    if word in _WORDS.fate or is_event:
        return [f"What happened to {subject}?", f"Do you know what happened to {subject}?"]
    return []


def _is_dated(clause: Clause, word: str, rest: tuple[str, ...]) -> bool:
    """Return whether a date follows the verb directly or, for some verbs, appears near it."""
    if _DATE_NEXT.match(" ".join(rest[:4])):
        return True
    date = _DATE.search(" ".join(rest[:8])) or _DATE.search(clause.lead)
    return word in _WORDS.dated | {"born"} and date is not None


def _ask_have(clause: Clause) -> list[str]:
    subject = clause.subject.text
    word, _ = _skip_adverbs(clause)
    auxiliary = {"had": "did", "have": "do"}.get(clause.verb, "does")
    if word in verbs.BY_PARTICIPLE:
        return []
    if word in _WORDS.determiners or word[:1].isdigit():
        return [f"What {auxiliary} {subject} have?", f"Do you know what {subject} {clause.verb}?"]
    return []


@dataclass(frozen=True)
class _Action:
    """A clause whose verb is a full verb, not an auxiliary.

    `date` is the date that the clause mentions, with a leading space, or None.
    """

    clause: Clause
    verb: verbs.Verb
    auxiliary: str
    next_word: str
    date: str | None

    @property
    def phrase(self) -> str:
        """The auxiliary, subject and verb in question order, such as “did X build”."""
        return f"{self.auxiliary} {self.clause.subject.text} {self.verb.base}"


def _parse_action(clause: Clause) -> _Action | None:
    verb = verbs.BY_PAST.get(clause.verb) or verbs.BY_PRESENT.get(clause.verb)
    if verb is None:
        return None
    word, rest = _skip_adverbs(clause)
    is_past = clause.verb in verbs.BY_PAST
    auxiliary = "did" if is_past else "do" if clause.verb == verb.base else "does"
    is_dated = _DATE.search(" ".join((word, *rest)[:9])) or _DATE.search(clause.lead)
    date = None
    if is_past and is_dated:
        match = _DATE.search(clause.sentence[0].lower() + clause.sentence[1:])
        date = f" {match.group()}" if match else ""
    return _Action(clause, verb, auxiliary, word, date)


def _ask_action(clause: Clause) -> list[str]:
    action = _parse_action(clause)
    if action is None or action.next_word in {"and", "or", "but"}:
        return []
    subject, verb = clause.subject.text, action.verb
    if verb.base in _WORDS.person_object:
        return [f"Who {action.phrase}?"]
    if action.next_word in _WORDS.prepositions:
        return _ask_preposition(action)
    if verb.base == "die":
        return [f"How did {subject} die?"]
    if not verb.is_transitive or action.next_word == "to":
        return [f"What {action.auxiliary} {subject} do?"]
    questions = [f"What {action.phrase}?", f"Do you know what {subject} {clause.verb}?"]
    if action.date is not None and clause.subject.is_name:
        questions.append(f"What did {subject} do{action.date}?")
    return questions


def _ask_preposition(action: _Action) -> list[str]:
    """Return questions for a verb that is followed by a preposition."""
    subject, base, word = action.clause.subject.text, action.verb.base, action.next_word
    if base in _WORDS.complements:
        return [f"What {action.auxiliary} {subject} {_WORDS.complements[base]}?"]
    if base in _WORDS.starting and action.date is not None:
        return [f"When {action.phrase}?", f"Do you know when {subject} {action.clause.verb}?"]
    if word == "as":
        return [f"What {action.phrase} as?"]
    if base in _WORDS.going and word in _WORDS.places:
        return [f"Where {action.phrase}{' from' if word == 'from' else ''}?"]
    if base in _WORDS.becoming:
        return [f"How {action.phrase}?"]
    return [f"What {action.auxiliary} {subject} do{action.date or ''}?"]
