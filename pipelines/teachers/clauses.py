"""How an English sentence begins: its lead-in, its subject, the verb it stands on, the rest.

No grammar is parsed. The subject is what stands before the first word that can be a finite verb,
if it is short and begins like a noun phrase; a sentence that does not begin so is left alone.
"""

import re
from dataclasses import dataclass

from pipelines.sentences import sentences, word_set
from pipelines.teachers.verbs import AUXILIARIES, by_past, by_present

_LEAD = re.compile(
    r"^(?:In|On|By|During|After|Before|Since|Around|From|At|Following|Throughout|Between|Within|"
    r"Until|Under|With)\b[^,;:()]{1,50},\s+(?=[A-Za-z])"
)
_PRONOUNS = {"he", "she", "it", "they"}
_POSSESSIVES = {"his", "her", "its", "their"}
_NO_START = word_set(
    "there here what how that those this these when where while although though because if since "
    "as such both each one another other others many much few more most some all none neither "
    "either not only even perhaps similarly however but and or nor so yet to by for with from "
    "a an we i you who which whose first second finally also then later despite unlike among "
    "upon according due based given"
)
_NO_PART = word_set(
    "that which who whom whose when where while because if although though but than until unless "
    "whether as to into after before"
)
_ADVERBS = word_set(
    "also then later soon still often sometimes never always once again first ever just even now "
    "together already instead thus therefore both eventually"
)
_DANGLING = word_set("of in on at by for with from the a an and or")
_PARTICLES = word_set("of the de la le du da del di van von der and for in at on to")
_NOUNS_TOO = word_set(
    "shot hit cut set cast broadcast spread left felt cost lay put quit run read found lead led "
    "saw launch back"
)
_PRESENT = word_set(
    "contains includes consists features lies stands flows lives occurs remains provides serves "
    "uses represents describes depicts follows tells begins holds involves refers shows connects "
    "covers extends grows feeds belongs comes appears becomes requires produces makes takes gives "
    "means says argues believes explains reveals finds meets wants tries decides"
)


@dataclass(frozen=True)
class Clause:
    """The beginning of a sentence.

    `subject` reads as it would inside a question; `own` is False where it was a pronoun that an
    earlier subject stands in for. `verb` is lower-case, `rest` the words after it.
    """

    sentence: str
    lead: str
    subject: str
    verb: str
    rest: tuple[str, ...]
    own: bool = True
    proper: bool = False


def clauses(passage: str) -> list[Clause | None]:
    """What can be told of each sentence's beginning, None where it is not clear."""
    found: list[Clause | None] = []
    for sentence in sentences(passage):
        named = [c for c in found if c is not None and c.own]
        found.append(_clause(sentence, passage, named[-1] if named else None))
    return found


def _clause(sentence: str, passage: str, before: Clause | None) -> Clause | None:
    lead = match.group() if (match := _LEAD.match(sentence)) else ""
    tokens = sentence[len(lead) :].split()
    at = _verb_at(tokens)
    if at is None:
        return None
    subject_tokens = tokens[:at]
    while subject_tokens and _is_adverb(subject_tokens[-1]):
        subject_tokens.pop()
    subject = _subject(subject_tokens, passage, before, bool(lead))
    if subject is None:
        return None
    text, own, proper = subject
    rest = tuple(tokens[at + 1 :])
    return Clause(sentence, lead.strip().rstrip(","), text, tokens[at], rest, own, proper)


def _is_adverb(token: str) -> bool:
    return token in _ADVERBS or (token.endswith("ly") and token.islower())


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
    if word in AUXILIARIES:
        return True
    if word in by_past():
        participle = after == "by" or before.lower() in {"the", "a", "an", "newly"}
        unclear = word in _NOUNS_TOO and not (before[0].isupper() or before.endswith("s"))
        return not participle and not unclear
    return word in _PRESENT and word in by_present() and before.lower() not in {"the", "a", "an"}


def _subject(
    tokens: list[str], passage: str, before: Clause | None, led: bool
) -> tuple[str, bool, bool] | None:
    if not 1 <= len(tokens) <= 7 or tokens[-1].lower() in _DANGLING:
        return None
    text = " ".join(tokens)
    first = tokens[0].lower()
    if first in _PRONOUNS | _POSSESSIVES:
        return _resolved(tokens, before)
    if first in _NO_START or any(t.lower() in _NO_PART for t in tokens):
        return None
    if re.search(r"[(){}\[\];:,]", text) or text.count('"') % 2 or re.search(r"\d{3,}$", text):
        return None
    if first == "the":
        return "the " + " ".join(tokens[1:]), True, _capitalised(tokens[1:])
    if _capitalised(tokens) and _is_name(tokens, passage, led):
        return text, True, True
    return _common(tokens, passage)


def _resolved(tokens: list[str], before: Clause | None) -> tuple[str, bool, bool] | None:
    first = tokens[0].lower()
    if before is None:
        return None
    personal = before.proper and not before.subject.startswith("the ")
    if first in {"he", "she", "his", "her"} and not personal:
        return None
    if first in {"they", "their"} and not before.subject.endswith("s"):
        return None
    if len(before.subject.split()) > 4:  # longer names sound read out
        return None
    if first in _PRONOUNS:
        return (before.subject, False, before.proper) if len(tokens) == 1 else None
    if len(tokens) == 1 or any(t.lower() in _NO_PART for t in tokens):
        return None
    owner = before.subject + ("'" if before.subject.endswith("s") else "'s")
    return f"{owner} {' '.join(tokens[1:])}", False, False


def _capitalised(tokens: list[str]) -> bool:
    content = [t for t in tokens if t.lower() not in _PARTICLES]
    return bool(content) and all(t.lstrip("\"'“‘")[:1].isupper() or t[0].isdigit() for t in content)


def _is_name(tokens: list[str], passage: str, led: bool) -> bool:
    """Whether capital letters come from a name and not from the sentence's beginning."""
    if led or len(tokens) > 1:
        return True
    inside = re.search(rf"[a-z,] {re.escape(tokens[0])}\b", passage)
    return inside is not None and tokens[0].isalpha()


def _common(tokens: list[str], passage: str) -> tuple[str, bool, bool] | None:
    first = tokens[0]
    if not first[0].isupper() or not first.isalpha():
        return None
    known = re.search(rf"\b{first.lower()}\b", passage) is not None
    if len(tokens) == 1 and not (known or first.endswith(("tion", "ment", "ers", "ists", "ics"))):
        return None
    if len(tokens) > 1 and tokens[1][0].isupper():
        return None
    return " ".join([first.lower(), *tokens[1:]]), True, False
