"""Long sentences cut at their clauses into short ones, each able to stand alone."""

import re
from random import Random

from pipelines.sentences import words
from pipelines.teachers.clauses import clauses
from pipelines.teachers.verbs import AUXILIARIES, by_past, is_finite

ENOUGH = 5
_START = r"(?:he|she|it|they|the|this|these|there|his|her|its|their|a|an|[A-Z][\w'’-]+)"
_JOINS = re.compile(
    r"(?:; (?:however, |therefore, )?|, (?P<word>and|but|while|although|though|whereas|so|because)"
    rf" (?={_START}\b)|, (?P<which>which) |, (?P<who>who) |, (?P<and>and|but) (?=\w+)|"
    r", (?P<list>including|such as) | (?P<tight>and) (?=\w+))"
)
_SPOKEN = {
    "and": ("And", "Also,", ""), "but": ("But",), "while": ("Meanwhile,",),
    "although": ("Still,", "Mind you,"), "though": ("Still,", "Mind you,"), "whereas": ("But",),
    "so": ("So",), "because": ("That's because",),
}  # fmt: skip


def split(sentence: str, choose: Random) -> list[str]:
    """The sentence as one or more; a part that could not stand alone stays where it is."""
    done: list[str] = []
    rest = sentence
    while found := _cut(rest, choose):
        before, rest = found
        done.append(before)
    return [*done, rest]


def _cut(text: str, choose: Random) -> tuple[str, str] | None:
    """The text cut at the first place where both sides stand, as two sentences."""
    if '"' in text or "“" in text or "(" in text:
        return None
    for join in _JOINS.finditer(text):
        before, after = text[: join.start()], text[join.end() :]
        if len(words(before)) < ENOUGH or len(words(after)) < ENOUGH - 1:
            continue
        if not any(is_finite(word) for word in words(before)):
            continue
        if second := _second(join, before, after, choose):
            return before.rstrip(",;") + ".", second
    return None


def _second(join: re.Match[str], before: str, after: str, choose: Random) -> str | None:
    """What comes after the cut as a sentence of its own, None if it cannot be one."""
    if join["which"]:
        return _which(before, after)
    if join["who"]:
        return _who(before, after)
    if join["list"]:
        return _list(join["list"], before, after, choose)
    if join["and"] or join["tight"]:
        return _same_subject(before, after, join["and"] or "and")
    word = join["word"] or ""
    if (word and word not in _SPOKEN) or not _has_verb_early(after):
        return None
    spoken = choose.choice(_SPOKEN[word]) if word else ""
    return f"{spoken} {after}".strip() if spoken else after[0].upper() + after[1:]


def _has_verb_early(text: str) -> bool:
    """Whether a verb comes soon enough for what is before it to be its subject."""
    clause = clauses(text[0].upper() + text[1:])[0]
    tokens = text.split()
    if tokens[0].lower() in {"he", "she", "it", "they", "there"}:
        return len(tokens) > 1 and (
            is_finite(tokens[1]) or is_finite(tokens[2] if len(tokens) > 2 else "")
        )
    return clause is not None


def _which(before: str, after: str) -> str | None:
    verb = after.split()[0]
    last = words(before)[-1]
    if verb in {"is", "was", "has", "had", "would", "could", "can", "will"} or (
        verb in by_past() and verb not in {"were"}
    ):
        plural = last.endswith("s") and not last.endswith("ss")
        return None if plural and verb not in {"was", "is", "has"} else f"That {after}"
    if verb in {"are", "were", "have"}:
        return f"Those {after}" if last.endswith("s") else None
    return None


def _who(before: str, after: str) -> str | None:
    verb = after.split()[0]
    name = re.search(r"(?:[A-Z][\w'’-]+ )*[A-Z][\w'’.-]+$", before)
    if name is None or not (verb in by_past() or verb in {"was", "is", "had", "has", "would"}):
        return None
    return (
        None
        if re.search(r", \w+ed\b|, and ", after[:60]) and "," in after[:30]
        else (f"{name.group()} {after}")
    )


def _list(word: str, before: str, after: str, choose: Random) -> str | None:
    if "," in before or not after.rstrip(".").count(",") <= 4:
        return None
    if any(token in AUXILIARIES for token in after.split()) or re.search(r", \w+ing ", after):
        return None
    starts: tuple[str, ...] = (
        ("That includes", "Those include")
        if before.split()[-1].endswith("s")
        else ("That includes",)
    )
    if word == "such as":
        starts = ("Think of",) if before.split()[-1].endswith("s") else ()
    return f"{choose.choice(starts)} {after}" if starts else None


def _same_subject(before: str, after: str, word: str) -> str | None:
    """A second verb with the first one's subject: “and moved to …” → “She also moved to …”."""
    verb = after.split()[0]
    if not (verb in by_past() or verb in {"was", "were", "had", "has", "is"}):
        return None
    pronoun = re.match(r"(?:In [^,]{3,20}, )?(He|She|It|They|he|she|it|they)\b", before)
    clause = clauses(before + ".")[0]
    subject = pronoun.group(1).capitalize() if pronoun else clause.subject if clause else ""
    if not subject or len(subject.split()) > 3 or re.search(r"\b(?:to|that|who|which)\b", before):
        return None
    start = subject[0].upper() + subject[1:]
    if verb in AUXILIARIES or word == "but":
        return f"{'But ' + subject if word == 'but' else start} {after}"
    return f"{start} also {after}" if len(after.split()) > ENOUGH else f"{start} {after}"
