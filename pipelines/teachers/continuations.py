"""How the second part of a cut sentence goes on as a sentence of its own."""

import re
from collections.abc import Callable
from random import Random

from pipelines.teachers.clauses import Clause, clauses
from pipelines.teachers.verbs import (
    AUXILIARIES,
    BE,
    NOUNS_TOO,
    by_past,
    by_present_participle,
    by_singular,
    is_finite,
)
from pipelines.words import word_set, words

LONGEST_SUBJECT = 4
_SPOKEN = {
    ";": ("",), "and": ("And", "And", "", "Also,"), "but": ("But",), "while": ("Meanwhile,",),
    "although": ("Still,", "Mind you,"), "though": ("Still,", "Mind you,"), "whereas": ("But",),
    "so": ("So",), "because": ("That's because",), "where": ("That's where",),
    "when": ("That was when",),
}  # fmt: skip
_PRONOUNS = word_set("he she it they there this these those")
# Participles that tell what the event before them did, and those that tell what its subject did.
_EVENTS = word_set(
    "force cause make leave allow give bring prompt create kill destroy damage injure end mark "
    "result lead raise reduce increase enable require help"
)
_DOINGS = word_set(
    "become earn win beat finish score reach receive sell defeat sign join return replace play "
    "serve lose gain set break appear sing record release stay meet write publish say call"
)
_PERSON = re.compile(r"\b\w+(?:er|or|ist|ian|man|men|woman|women|king|queen|people|family)s?\b")
_RELATIVE = re.compile(r"\b(?:that|who|which|whose|where|when)\b")


def continued(before: str, after: str, word: str, choose: Random) -> str | None:
    """What follows a cut as a sentence, None if no rule knows how.

    `word` is what joined the two: a conjunction after a comma, a relative word, “;”, nothing (a
    comma alone), or “tight” for an “and” without a comma.
    """
    return _WAYS.get(word, _clause)(before, after, word, choose)


def _clause(before: str, after: str, word: str, choose: Random) -> str | None:
    """A main clause: it must begin with a subject and soon have a verb."""
    del before
    tokens = after.split()
    if tokens[0].lower() in _PRONOUNS:
        stands = any(is_finite(token) for token in tokens[1:3])
    else:
        stands = clauses(after[0].upper() + after[1:])[0] is not None
    if not stands:
        return None
    spoken = choose.choice(_SPOKEN[word])
    return f"{spoken} {after}" if spoken else after[0].upper() + after[1:]


def _after_comma(before: str, after: str, word: str, choose: Random) -> str | None:
    """A participle told as what it was: “…, forcing X” → “That forced X”."""
    del word, choose
    verb = by_present_participle().get(after.split()[0])
    clause = clauses(before + ".")[0]
    if verb is None or clause is None or not (clause.verb in by_past() or clause.verb in BE):
        return None
    rest = after.split(maxsplit=1)[1]
    if verb.base in _EVENTS:
        return f"That {verb.past} {rest}"
    subject = _again(before, clause)
    return f"{subject} {verb.past} {rest}" if verb.base in _DOINGS and subject else None


def _which(before: str, after: str, word: str, choose: Random) -> str | None:
    """What a closing “which” tells of, as “That” or “Those”; not one in mid-sentence."""
    del word, choose
    verb, last = after.split()[0], words(before)[-1]
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    if verb in {"are", "were", "have"}:
        return f"Those {after}" if plural else None
    fits = verb in {"is", "was", "has", "would", "could", "can", "will"}
    told = (verb in by_past() and not plural) or verb in by_singular()
    return f"That {after}" if fits or told else None


def _who(before: str, after: str, word: str, choose: Random) -> str | None:
    """What a closing “who” tells of a person named just before."""
    del word, choose
    verb = after.split()[0]
    name = re.search(r"(?:[A-Z][\w'’-]+ ){0,3}[A-Z][\w'’-]+$", before)
    goes_on = re.search(r", (?:[a-z]+ed|was|were|had|and)\b", after)
    if name is None or goes_on or not (verb in by_past() or verb in AUXILIARIES):
        return None
    return f"{name.group().split()[-1]} {after}"


def _list(before: str, after: str, word: str, choose: Random) -> str | None:
    """What is listed at the end of a sentence."""
    if any(token in AUXILIARIES for token in after.split()) or re.search(
        r", \w+(?:ing|ed) ", after
    ):
        return None
    plural = before.endswith("s")
    if word == "such as":
        return f"Think of {after}" if plural and "," in after else None
    start = choose.choice(("That includes", "Those include")) if plural else "That includes"
    return f"{start} {after}"


def _and(before: str, after: str, word: str, choose: Random) -> str | None:
    """A second clause, or a second verb with the first one's subject: “She also moved to …”."""
    if word != "tight" and (clause := _clause(before, after, word, choose)):
        return clause
    verb, first = after.split()[0], clauses(before + ".")[0]
    past = verb in by_past() and verb not in NOUNS_TOO
    if not (past or verb in {"was", "were", "had", "has", "is"}) or _RELATIVE.search(before):
        return None
    if past and re.search(r"\b(?:was|were|is|are|be|been|being)\b", before):
        return None  # it may be a participle of that
    subject = _again(before, first)
    if not subject:
        return None
    if word == "but":
        small = subject in {"He", "She", "It", "They"} or subject.startswith("The ")
        return f"But {subject[0].lower() + subject[1:] if small else subject} {after}"
    return f"{subject} {choose.choice(('also ', '')) if past else ''}{after}"


def _again(before: str, clause: Clause | None) -> str:
    """The subject of what went before, as a sentence about it can begin; empty if not clear."""
    if pronoun := re.match(r"(?:In [^,]{3,20}, )?(he|she|it|they)\b", before, re.IGNORECASE):
        return pronoun.group(1).capitalize()
    if clause is None or not clause.own or len(clause.subject.split()) > LONGEST_SUBJECT:
        return ""
    subject = clause.subject
    if clause.proper:
        return subject[0].upper() + subject[1:]
    if not subject.startswith(("the ", "a ", "an ")):
        return ""
    if _PERSON.search(subject):
        return f"The {subject.split(maxsplit=1)[1]}"
    return "They" if subject.endswith("s") and not subject.endswith("ss") else "It"


_WAYS: dict[str, Callable[[str, str, str, Random], str | None]] = {
    "": _after_comma,
    "and": _and,
    "tight": _and,
    "but": _and,
    "which": _which,
    "who": _who,
    "including": _list,
    "such as": _list,
}
