"""Reword sentences to use contractions, plain words, spoken openings and direct address."""

import re
from collections.abc import Callable
from functools import partial
from random import Random

from pipelines.teachers.phrasebook import verbs
from pipelines.teachers.phrasebook.clauses import LEADS, parse_clauses
from pipelines.text.words import load_lexicon

_WORDS = load_lexicon(__name__)
_CONTRACTIONS = [(re.compile(rf"\b{old}\b"), new) for old, new in _WORDS.contractions.items()]
_EVERYDAY = {formal.removeprefix("~"): plain for formal, plain in _WORDS.plain_words.items()}
_NOT_PARTICIPLE = "".join(rf"(?<!\b{word} )" for word in _WORDS.before_participles)
_EITHER = "|".join(
    _NOT_PARTICIPLE + re.escape(formal[1:]) if formal[0] == "~" else re.escape(formal)
    for formal in sorted(_WORDS.plain_words, key=len, reverse=True)  # the longest match wins
)
_FORMAL = re.compile(rf"(?<![-\w])(?:{_EITHER})(?![-\w])")
_QUOTATION = re.compile(r'("[^"]*"|“[^”]*”)')
_YEAR = re.compile(r"^(In|By|On|During) ((?:[A-Z][a-z]+ )?(?:\d{1,2}, )?(1[0-9]{3}),) ")
_SUBJECT = r"^(?P<subject>(?:The|A|An|It|They|These|This|[A-Z][\w'’-]+)(?: [\w'’-]+){0,4}?)"
_IS_FOUND = re.compile(
    rf"{_SUBJECT} (?:is|are) "
    r"(?P<adverb>(?:also|often|commonly|usually|mostly|now|still|generally|typically|mainly) )?"
    r"(?P<verb>found|seen|located|situated) (?=in|on|at|near|along|across|throughout|between|from)"
)
_CAN_BE = re.compile(
    rf"{_SUBJECT} can (?P<adverb>(?:also|often|still|sometimes) )?be "
    r"(?P<verb>found|seen|used|reached|visited|heard|eaten|bought|made|read|played|divided)\b"
    r"(?! by)"
)
_OBJECT_PRONOUNS = {"It": "it", "They": "them"}
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|that|which|who|and|of which)\b")


def contract(text: str) -> str:
    """Use contractions, except in quotations."""
    return _outside_quotations(text, _contract)


def _contract(text: str) -> str:
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text


def use_plain_words(text: str) -> str:
    """Replace formal words with everyday ones, except in names and quotations."""
    change = partial(_FORMAL.sub, lambda match: _EVERYDAY[match.group()])
    return _outside_quotations(text, change)


def _outside_quotations(text: str, change: Callable[[str], str]) -> str:
    parts = _QUOTATION.split(text)
    return "".join(part if n % 2 else change(part) for n, part in enumerate(parts))


def use_spoken_opening(sentence: str, rng: Random) -> str:
    """Replace a formal opening of a sentence with a spoken one."""
    if (year := _YEAR.match(sentence)) and rng.random() < 0.5:  # only for half of them, for variety
        preposition = year.group(1)
        return f"Back {preposition.lower()} {sentence[len(preposition) + 1 :]}"
    for formal, spoken in _WORDS.spoken_openings.items():
        if sentence.startswith(formal):
            return prepend(rng.choice(spoken), sentence[len(formal) :], sentence)
    return sentence


def prepend(phrase: str, sentence: str, context: str) -> str:
    """Put a phrase before a sentence.

    The first letter of the sentence is changed to lower case, unless the sentence starts with a
    name. `context` is the surrounding text, which shows how words are normally capitalised. If it's
    unclear whether the sentence starts with a name, only a phrase that ends with “.”, “!”, “?” or
    “:” is added.
    """
    if phrase[-1] in ".!?":
        return f"{phrase} {sentence}"
    is_common = _starts_with_common_word(sentence, context)
    if is_common is None:
        return f"{phrase} {sentence}" if phrase[-1] == ":" else sentence
    return f"{phrase} {sentence[:1].lower() + sentence[1:] if is_common else sentence}"


def _starts_with_common_word(sentence: str, context: str) -> bool | None:
    """Return whether a sentence starts with a common word (not a name), or None if it's unclear."""
    first, *others = re.split(r"['’]?[\s,]|['’]", sentence, maxsplit=2)
    if first == "A" or (first.lower() in _WORDS.function_words | LEADS and not first.isupper()):
        return True
    if not first.istitle() or re.search(rf"[\w,] {re.escape(first)}\b", context):
        return False
    if re.search(rf"\b{re.escape(first.lower())}\b", context):
        return True
    clause = parse_clauses(sentence)[0]
    if (clause is not None and clause.subject.is_name) or (others and others[0][:1].isupper()):
        return False
    if clause is None or " " not in clause.subject.text:
        return None
    return clause.subject.text[0].islower()


def capitalise(sentence: str) -> str:
    """Capitalise the first letter of a sentence and leave the rest unchanged."""
    return sentence[:1].upper() + sentence[1:]


def address_listener(sentence: str) -> str:
    """Address the listener directly: “is found in …” becomes “you'll find it in …”."""
    for pattern, start in ((_IS_FOUND, "You'll"), (_CAN_BE, "You can")):
        match = pattern.match(sentence)
        if match is None or _VERB.search(match["subject"]):
            continue
        if target := _as_object(match["subject"], sentence):
            adverb, verb = match["adverb"] or "", match["verb"]
            is_place = verb in {"located", "situated"}
            base = "find" if is_place else verbs.BY_PARTICIPLE[verb].base
            return f"{start} {adverb}{base} {target} {sentence[match.end() :].strip()}"
    return sentence


def _as_object(subject: str, sentence: str) -> str:
    """Return the object form of a subject (“them” for “they”), or an empty string if unclear."""
    if subject in _OBJECT_PRONOUNS:
        return _OBJECT_PRONOUNS[subject]
    clause = parse_clauses(sentence)[0]
    if clause is None or clause.subject.text.lower() != subject.lower():
        return ""
    text = clause.subject.text
    return text if clause.subject.is_name or " " in text else ""
