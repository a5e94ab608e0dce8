"""How an English sentence begins: its lead-in, its subject, the verb it stands on, the rest.

No grammar is parsed. The subject is what stands before the first word that can be a finite verb,
if it is short and begins like a noun phrase; a sentence that does not begin so is left alone.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from pipelines.teachers.subjects import Subject, resolved, subject_of
from pipelines.teachers.verbs import (
    AUXILIARIES,
    NOUNS_TOO,
    PLURAL_PRESENT,
    PRESENT,
    by_past,
    by_singular,
)
from pipelines.wikipedia.sentences import sentences
from pipelines.words import word_set

LONGEST_LEAD = 14
_OBJECTS = word_set("a an the his her its their this these that another each every it them him")
_DETERMINERS = word_set("the a an newly this his her its")
LEADS = word_set(
    "in on by during after before since around from at following throughout between within until "
    "under with while when although though as like unlike despite besides alongside together "
    "according due for because if once early late later shortly soon also additionally finally "
    "eventually initially originally meanwhile currently today instead however moreover "
    "furthermore nevertheless consequently subsequently therefore similarly traditionally "
    "historically generally usually often sometimes afterwards beyond over through upon outside "
    "inside across near among against based born educated known located named built founded "
    "written inspired influenced encouraged given faced unable having being prior"
)
_TIMES = re.compile(
    r"^(?:The (?:following|next|same|previous)|That same|One|Two|Three|Four|Five|Six|Seven|Eight"
    r"|Ten|Several|A few|Some|Many) (?:\w+ )?(?:day|week|month|year|season|night|morning|evening"
    r"|hour|minute|decade|centurie)s?\b"
)
_ADVERBS = word_set(
    "also then later soon still often sometimes never always once again first ever just even now "
    "together already instead thus therefore both eventually all each too"
)
_APPOSED = re.compile(r"^([^,]{2,50}), ([^,\d][^,]{3,70}), (?=[a-z]+\b)")


@dataclass(frozen=True)
class Clause:
    """The beginning of a sentence.

    `subject` reads as it would inside a question; `own` is False where it was a pronoun that an
    earlier subject stands in for, `proper` tells a name. `verb` is lower-case, `rest` what
    follows it.
    """

    sentence: str
    lead: str
    subject: str
    verb: str
    rest: tuple[str, ...]
    own: bool = True
    proper: bool = False


def clauses(passage: str) -> list[Clause | None]:
    """What can be told of each sentence's beginning, in order, None where it is not clear."""
    return list(_clauses(passage))


@lru_cache(maxsize=1024)
def _clauses(passage: str) -> tuple[Clause | None, ...]:
    found: list[Clause | None] = []
    before: Subject | None = None
    for sentence in sentences(passage):
        clause = _clause(sentence, passage, before)
        if clause is not None and clause.own:
            before = Subject(clause.subject, True, clause.proper)
        found.append(clause)
    return tuple(found)


def _clause(sentence: str, passage: str, before: Subject | None) -> Clause | None:
    whole = sentence
    if match := _APPOSED.match(sentence):
        sentence = f"{match.group(1)} {sentence[match.end() :]}"
    for lead, rest in _readings(sentence):
        tokens = rest.split()
        at = _verb_at(tokens)
        if at is None:
            continue
        subject = _subject(tokens[:at], passage, before, bool(lead))
        if subject is not None:
            after = tuple(tokens[at + 1 :])
            return Clause(whole, lead, subject.text, tokens[at], after, subject.own, subject.proper)
    return None


def _readings(sentence: str) -> list[tuple[str, str]]:
    """The sentence with no lead-in, and with what stands before its first or second comma as one.

    What is before a comma is a lead-in only if it begins like one.
    """
    readings = [("", sentence)]
    first = re.split(r"[\s,]", sentence, maxsplit=1)[0].lower()
    if first in LEADS or _TIMES.match(sentence) or first.endswith("ing"):
        commas = list(re.finditer(r", ", sentence))[:3]
        found = [(sentence[: m.start()], sentence[m.end() :]) for m in commas]
        readings = [(lead, rest) for lead, rest in found if len(lead.split()) <= LONGEST_LEAD]
    return readings


def _verb_at(tokens: list[str]) -> int | None:
    for at, token in enumerate(tokens[:9]):
        if at and token[-1] in ",;:" and not token[:-1].isdigit():
            return None
        if at and _stands(tokens, at):
            return at
    return None


def _stands(tokens: list[str], at: int) -> bool:
    word, before = tokens[at], tokens[at - 1]
    after = tokens[at + 1] if at + 1 < len(tokens) else ""
    determined = before.lower() in _DETERMINERS or before.endswith(("'", "'s", "’", "’s"))
    if word in AUXILIARIES:
        return True
    if word in by_past():
        unclear = word in NOUNS_TOO and not (before[0].isupper() or before.endswith("s"))
        return after != "by" and not determined and not unclear
    plural = word in PLURAL_PRESENT and before.endswith("s") and not before.endswith("'s")
    # Another present form is told for a verb by the article or pronoun that follows it.
    present = word in PRESENT or (word in by_singular() and after.lower() in _OBJECTS)
    return (present and not determined) or plural


def _subject(tokens: list[str], passage: str, before: Subject | None, led: bool) -> Subject | None:
    while tokens and (
        tokens[-1] in _ADVERBS or (tokens[-1].endswith("ly") and tokens[-1].islower())
    ):
        tokens = tokens[:-1]
    return resolved(tokens, before) or subject_of(tokens, passage, led)
