"""Split long sentences between clauses into short sentences that can stand alone.

A sentence is split only where a rule can turn the second part into a sentence. All words are kept
except the conjunction or relative pronoun between the parts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipelines.teachers.phrasebook import verbs
from pipelines.teachers.phrasebook.clauses import Clause, parse_clauses
from pipelines.teachers.phrasebook.wording import capitalise
from pipelines.text.words import load_lexicon, split_words

_MIN_WORDS = 4
_MAX_SUBJECT_WORDS = 4
_JOIN = re.compile(
    r"; (?:however, |therefore, )?|, (?:(?P<word>and|but|while|although|though|whereas|so|because"
    r"|which|who|where|when|including|such as) )?| (?P<tight>and) (?=[a-z])"
)
_DEPENDENT = re.compile(
    r"(?:After|Before|When|While|Although|Though|Because|If|Since|As|Once|Despite|With)\b[^,]*$"
)
# `event_verbs` and `subject_verbs` determine what the participle of a verb describes.
_WORDS = load_lexicon(__name__)
_PERSON = re.compile(r"\b\w+(?:er|or|ist|ian|man|men|woman|women|king|queen|people|family)s?\b")
_RELATIVE = re.compile(r"\b(?:that|who|which|whose|where|when)\b")


@dataclass(frozen=True)
class Cut:
    """A place where a sentence can be split.

    `word` joins the two parts: a conjunction or relative word after a comma, “;”, “tight” for “and”
    without a comma, or an empty string for a comma alone.
    """

    before: str
    after: str
    word: str

    @property
    def clause(self) -> Clause | None:
        """The parsed beginning of the text before the cut."""
        return parse_clauses(self.before + ".")[0]


def split_sentence(sentence: str, rng: Random) -> list[str]:
    """Split a long sentence into shorter ones where possible.

    A clause is split off only if it can stand alone as a sentence.
    """
    done: list[str] = []
    rest = sentence
    while parts := _split_once(rest, rng):
        first, rest = parts
        done.append(first)
    return [*done, rest]


def _split_once(text: str, rng: Random) -> tuple[str, str] | None:
    """Split a sentence at the first place where both parts can stand alone."""
    for join in _JOIN.finditer(text):
        word = join["word"] or (";" if join.group()[0] == ";" else "tight" if join["tight"] else "")
        cut = Cut(text[: join.start()], text[join.end() :], word)
        if not _can_stand_alone(cut.before, cut.after):
            continue
        if second := _RULES.get(word, _continue_clause)(cut, rng):
            return cut.before + ".", second
    return None


def _can_stand_alone(before: str, after: str) -> bool:
    """Return whether both parts of a cut are long enough and the first one is complete."""
    return (
        len(split_words(before)) >= _MIN_WORDS
        and len(split_words(after)) >= _MIN_WORDS - 1
        and any(verbs.is_finite(word) for word in split_words(before)[1:])
        and before.count('"') % 2 == 0
        and before.count("“") == before.count("”")
        and before.count("(") == before.count(")")
        and not _DEPENDENT.match(before)
    )


def _continue_clause(cut: Cut, rng: Random) -> str | None:
    """Turn the text after a cut into a sentence if it starts with a subject and a verb."""
    tokens = cut.after.split()
    if tokens[0].lower() in _WORDS.pronouns:
        is_clause = any(verbs.is_finite(token) for token in tokens[1:3])
    else:
        is_clause = parse_clauses(capitalise(cut.after))[0] is not None
    if not is_clause:
        return None
    spoken = rng.choice(_WORDS.spoken[cut.word])
    return f"{spoken} {cut.after}" if spoken else capitalise(cut.after)


def _continue_participle(cut: Cut, _: Random) -> str | None:
    """Put a participle into the past tense: “…, forcing X” becomes “That forced X”."""
    word, *rest = cut.after.split(maxsplit=1)
    verb, clause = verbs.BY_ING.get(word), cut.clause
    is_past = clause is not None and (clause.verb in verbs.BY_PAST or clause.verb in verbs.BE)
    if verb is None or not is_past:
        return None
    past = " ".join([verb.past, *rest])
    if verb.base in _WORDS.event_verbs:
        return f"That {past}"
    subject = _repeat_subject(cut)
    return f"{subject} {past}" if verb.base in _WORDS.subject_verbs and subject else None


def _continue_which(cut: Cut, _: Random) -> str | None:
    """Turn a relative clause with “which” into a sentence that starts with “That” or “Those”."""
    verb, last = cut.after.split()[0], split_words(cut.before)[-1]
    is_plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
    if verb in {"are", "were", "have"}:
        return f"Those {cut.after}" if is_plural else None
    is_auxiliary = verb in {"is", "was", "has", "would", "could", "can", "will"}
    is_verb = (verb in verbs.BY_PAST and not is_plural) or verb in verbs.BY_SINGULAR
    return f"That {cut.after}" if is_auxiliary or is_verb else None


def _continue_who(cut: Cut, _: Random) -> str | None:
    """Turn a relative clause with “who” into a sentence that starts with the name before it."""
    verb = cut.after.split()[0]
    name = re.search(r"(?:[A-Z][\w'’-]+ ){0,3}[A-Z][\w'’-]+$", cut.before)
    main_goes_on = re.search(r", (?:[a-z]+ed|was|were|had|and)\b", cut.after)
    if name is None or main_goes_on or not (verb in verbs.BY_PAST or verb in verbs.AUXILIARIES):
        return None
    return f"{name.group().split()[-1]} {cut.after}"


def _continue_list(cut: Cut, rng: Random) -> str | None:
    """Turn a list at the end of a sentence into a separate sentence."""
    has_auxiliary = any(token in verbs.AUXILIARIES for token in cut.after.split())
    if has_auxiliary or re.search(r", \w+(?:ing|ed) ", cut.after):
        return None
    is_plural = cut.before.endswith("s")
    if cut.word == "such as":
        return f"Think of {cut.after}" if is_plural and "," in cut.after else None
    start = rng.choice(("That includes", "Those include")) if is_plural else "That includes"
    return f"{start} {cut.after}"


def _continue_and(cut: Cut, rng: Random) -> str | None:
    """Turn a second clause or verb with the same subject into a sentence: “She also moved to …”."""
    if cut.word != "tight" and (clause := _continue_clause(cut, rng)):
        return clause
    verb = cut.after.split()[0]
    is_past = verb in verbs.BY_PAST and verb not in verbs.NOUNS_TOO
    if not (is_past or verb in {"was", "were", "had", "has", "is"}) or _RELATIVE.search(cut.before):
        return None
    if is_past and re.search(r"\b(?:was|were|is|are|be|been|being)\b", cut.before):
        return None  # the verb may be a participle after this form of “be”
    subject = _repeat_subject(cut)
    if not subject:
        return None
    if cut.word == "but":
        is_common = subject in {"He", "She", "It", "They"} or subject.startswith("The ")
        return f"But {subject[0].lower() + subject[1:] if is_common else subject} {cut.after}"
    return f"{subject} {rng.choice(('also ', '')) if is_past else ''}{cut.after}"


def _repeat_subject(cut: Cut) -> str:
    """Return the subject to repeat after a cut, or an empty string if the subject is unclear."""
    if pronoun := re.match(r"(?:In [^,]{3,20}, )?(he|she|it|they)\b", cut.before, re.IGNORECASE):
        return pronoun.group(1).capitalize()
    subject = cut.clause.subject if cut.clause else None
    if subject is None or not subject.is_explicit:
        return ""
    text = subject.text
    if len(text.split()) > _MAX_SUBJECT_WORDS:
        return ""
    if subject.is_name:
        return capitalise(text)
    if not text.startswith(("the ", "a ", "an ")):
        return ""
    if _PERSON.search(text):
        return f"The {text.split(maxsplit=1)[1]}"
    return "They" if text.endswith("s") and not text.endswith("ss") else "It"


_RULES: dict[str, Callable[[Cut, Random], str | None]] = {
    "": _continue_participle,
    "and": _continue_and,
    "tight": _continue_and,
    "but": _continue_and,
    "which": _continue_which,
    "who": _continue_who,
    "including": _continue_list,
    "such as": _continue_list,
}
