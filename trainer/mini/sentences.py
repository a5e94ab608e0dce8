"""Sentences, their grammatical subjects, and questions about them, by rule."""

import re
from dataclasses import dataclass
from random import Random


def word_set(words: str) -> frozenset[str]:
    """The words of a line, as a set."""
    return frozenset(words.split())


_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|No|Gen|Lt|Col|Capt|Sgt|Rev|Hon|Prof|Gov|Sen|Rep"
    r"|Mt|Ft|vs|ca|cf|c|b|d|Inc|Ltd|Co|Bros|Jan|Feb|Mar|Apr|Aug|Sept|Oct|Nov|Dec|approx|etc|e\.g"
    r"|i\.e|[A-Z]\.[A-Z]|U\.S\.A)\.$"
)
_NO_SUBJECT = word_set(
    "he she it they we i you this these those that there here in on at by for from with without "
    "after before during while when where although though as since because despite following if "
    "however once both all some many most several under over through until upon unlike like among "
    "to of and but or not one two three who what which according based later then also another "
    "other such each his her its their within between against along into only even having being "
    "originally initially eventually finally additionally furthermore meanwhile today"
)
_VERBS = word_set(
    "is was are were has had have became began won made took led wrote came went held found said "
    "ran left gave grew built lost saw felt brought bought sent met spent kept told thought fell "
    "rose chose drew wore spoke broke sang stood fought taught caught sought set put includes "
    "contains consists can could may might must will would should does did begins occurs remains "
    "serves provides makes takes"
)
_NOT_BEFORE_ED = word_set("the a an of and or in by with as to for its his her their")
_ADVERBS = word_set("also later then often usually first soon never still now once")
_YEAR = re.compile(r"\bin (1[0-9]{3}|20[0-9]{2})\b")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+)(?: [A-Z][a-z]+)+")
_WHEN = re.compile(r"\b(?:in|on|until|since) (?:[A-Z][a-z]+ )?\d")
_WHERE = re.compile(r"\b(?:in|at|near|from|to) (?:the )?[A-Z]")
_ABOUT = (
    "What does the passage say about {}?",
    "What can you tell me about {}?",
    "What do we learn about {}?",
    "What is known about {}?",
    "What should I know about {}?",
    "What does the text say about {}?",
    "Can you tell me about {}?",
    "Could you tell me something about {}?",
    "Tell me about {}.",
    "What about {}?",
    "How is {} described?",
    "What is said about {}?",
    "Please explain {}.",
    "I would like to know about {}.",
    "What is so interesting about {}?",
    "What's the story with {}?",
    "So what about {}?",
    "Hey, what do you know about {}?",
    "Do you know anything about {}?",
    "Any idea about {}?",
    "What's the deal with {}?",
    "I've been wondering about {}. What is known?",
    "Could you explain {} to me?",
    "Okay, and {}?",
    "Have you heard about {}?",
    "I'm curious about {}.",
)
_DETAIL = (
    "What does the passage say about {}?",
    "What is said about {}?",
    "How does {} come into it?",
    "Where is {} mentioned?",
    "What part did {} play?",
    "What can you tell me about {}?",
)
_WHOLE = (
    "What is this about?",
    "What does the passage say?",
    "What is the passage about?",
    "Sum this up.",
    "What should I know about this?",
    "Tell me about this.",
    "What is the main point?",
    "How does it begin?",
)


@dataclass(frozen=True, slots=True)
class Clause:
    """How a sentence opens: its subject, its verb, and what follows."""

    subject: str
    verb: str
    rest: str


def split(paragraph: str) -> list[str]:
    """The sentences of a paragraph of plain text."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        if not _ABBREVIATION.search(paragraph[start : match.start()]):
            sentences.append(paragraph[start : match.end()].strip())
            start = match.end()
    return [*sentences, paragraph[start:].strip()]


def clause(sentence: str) -> Clause | None:
    """The opening clause of a sentence, None if no plain subject of 1 to 6 words is found."""
    words = sentence.split()
    if words[0].lower() in _NO_SUBJECT or not _plain(words[0]):
        return None
    for i, word in enumerate(words[1:8], start=1):
        if word in _VERBS or (word.endswith("ed") and words[i - 1].lower() not in _NOT_BEFORE_ED):
            subject = words[: i - 1] if _adverb(words[i - 1]) and i > 1 else words[:i]
            return Clause(" ".join(subject), word, " ".join(words[i + 1 :]))
        if not _plain(word):
            return None
    return None


def _plain(word: str) -> bool:
    return word.replace("-", "").replace("'", "").isalnum()


def _adverb(word: str) -> bool:
    return word in _ADVERBS or (word.endswith("ly") and word[0].islower())


def about(opening: Clause, rng: Random) -> str:
    """A question about a sentence's subject."""
    subject = lowered(opening.subject)
    if rng.random() < 0.45:
        asked = _verb_question(opening, subject)
        if asked:
            return asked
    return rng.choice(_ABOUT).format(subject)


def _verb_question(opening: Clause, subject: str) -> str:
    following = opening.rest.split(" ", 1)[0]
    if opening.verb in {"was", "were", "is", "are"}:
        if following.endswith("ed") or following in {"born", "built", "made", "found", "held"}:
            return f"{_wh(opening.rest)} {opening.verb} {subject} {following}?"
        person = opening.subject.istitle() and not opening.subject.startswith("The ")
        return f"{'Who' if person else 'What'} {opening.verb} {subject}?"
    return f"What did {subject} do?" if opening.verb.endswith("ed") else ""


def _wh(rest: str) -> str:
    if _WHEN.search(rest):
        return "When"
    return "Where" if _WHERE.search(rest) else "How"


def detail(sentence: str, passage: str, rng: Random) -> str:
    """A question about a name or year inside a sentence that the passage has once; or empty."""
    years = [y for y in _YEAR.findall(sentence) if passage.count(y) == 1]
    names = [n for n in _NAME.findall(sentence) if passage.count(n) == 1]
    if years and (not names or rng.random() < 0.5):
        return f"What happened in {years[0]}?"
    return rng.choice(_DETAIL).format(rng.choice(names)) if names else ""


def whole(rng: Random) -> str:
    """A question about a passage as a whole."""
    return rng.choice(_WHOLE)


def lowered(phrase: str) -> str:
    """A phrase from the start of a sentence as it stands inside one."""
    first, _, rest = phrase.partition(" ")
    common = first in {"The", "A", "An", "His", "Her", "Its", "Their", "Most", "Some", "Many"}
    return f"{first.lower()} {rest}" if common and rest else phrase
