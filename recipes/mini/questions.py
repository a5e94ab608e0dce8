"""Questions that one sentence of a passage answers, made by rule from articles."""

import re
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeAlias

from recipes.mini.corpus import Text
from recipes.mini.phrases import QUESTIONS, word_set

Passage: TypeAlias = tuple[tuple[str, ...], ...]
"""Paragraphs of sentences."""

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|No|Gen|Lt|Col|Capt|Sgt|Rev|Hon|Prof|Gov|Sen|Rep"
    r"|Mt|Ft|vs|ca|cf|c|b|d|Inc|Ltd|Co|Bros|Jan|Feb|Mar|Apr|Aug|Sept|Oct|Nov|Dec|approx|etc|e\.g"
    r"|i\.e|[A-Z]\.[A-Z]|U\.S\.A)\.$"
)
_NO_SUBJECT, _VERBS, _ADVERBS = map(word_set, ("no_subject", "verbs", "adverbs"))
_NOT_BEFORE_ED = word_set("not_before_ed")
_YEAR = re.compile(r"\bin (1[0-9]{3}|20[0-9]{2})\b")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+)(?: [A-Z][a-z]+)+")
_WHEN = re.compile(r"\b(?:in|on|until|since) (?:[A-Z][a-z]+ )?\d")
_WHERE = re.compile(r"\b(?:in|at|near|from|to) (?:the )?[A-Z]")

_PASSAGE_WORDS = 130
_TRIES = 6  # passages to draw until one has a sentence to ask about
_WHOLE_SHARE = 0.07  # of questions: about the whole passage, answered by its start
_DETAIL_SHARE = 0.13  # of questions: about a name or year within a sentence


@dataclass(frozen=True, slots=True)
class Turn:
    """A passage, a question, and the sentences that answer it.

    `answer` counts sentences over all paragraphs; `rewrite` is the answer in other words, if any.
    """

    passage: Passage
    question: str
    answer: range
    rewrite: str = ""

    @property
    def reference(self) -> str:
        """The answer in the passage's own sentences."""
        sentences = [sentence for paragraph in self.passage for sentence in paragraph]
        return " ".join(sentences[i] for i in self.answer)

    @property
    def user(self) -> str:
        """The user's message: the passage, an empty line, the question."""
        return "\n\n".join([*(" ".join(p) for p in self.passage), self.question])


class Turns:
    """Draws passages and questions from articles."""

    def __init__(self, texts: tuple[Text, ...]) -> None:
        """Draw from these articles."""
        self.texts = texts

    def short(self, rng: Random) -> Turn:
        """A turn about a passage of up to 130 words."""
        for _ in range(_TRIES):
            turn = _ask(rng, self.passage(rng, _PASSAGE_WORDS))
            if turn is not None:
                return turn
        return _ask_about_all(rng, self.passage(rng, _PASSAGE_WORDS))

    def long(self, rng: Random, words: int) -> Turn:
        """A turn about several paragraphs of an article."""
        paragraphs = rng.choice(self.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        chosen = _up_to(words, paragraphs[start : start + 8])
        passage = tuple(tuple(split(paragraph)) for paragraph in chosen)
        return _ask(rng, passage) or _ask_about_all(rng, passage)

    def passage(self, rng: Random, words: int) -> Passage:
        """Consecutive sentences of a paragraph, or (one in three) 2 to 3 unrelated snippets."""
        if rng.random() < 0.67:
            return (self._snippet(rng, rng.choice((words, words, words // 2)), 9),)
        return tuple(self._snippet(rng, words // 3, 2) for _ in range(rng.randint(2, 3)))

    def _snippet(self, rng: Random, words: int, count: int) -> tuple[str, ...]:
        sentences = split(rng.choice(rng.choice(self.texts).paragraphs))
        start = rng.choice((0, rng.randrange(len(sentences))))
        return tuple(_up_to(words, sentences[start : start + count]))


def _up_to(words: int, parts: list[str] | tuple[str, ...]) -> list[str]:
    """The first parts that have at most so many words together, but at least one part."""
    counts = accumulate(len(part.split()) for part in parts)
    fitting = [part for part, count in zip(parts, counts, strict=True) if count <= words]
    return fitting or list(parts[:1])


def _ask(rng: Random, passage: Passage) -> Turn | None:
    """A question about the passage, None if the rules find none.

    The subject asked about opens only one sentence, so the question has one answer.
    """
    if rng.random() < _WHOLE_SHARE:
        return _ask_about_all(rng, passage)
    sentences = [sentence for paragraph in passage for sentence in paragraph]
    order = list(range(len(sentences)))
    rng.shuffle(order)
    if rng.random() < _DETAIL_SHARE:
        for i in order:
            question = detail_question(sentences[i], " ".join(sentences), rng)
            if question:
                return _turn(passage, question, i)
    for i in order:
        clause = opening_clause(sentences[i])
        if clause and sum(s.startswith(f"{clause.subject} ") for s in sentences) == 1:
            return _turn(passage, subject_question(clause, rng), i)
    return None


def _ask_about_all(rng: Random, passage: Passage) -> Turn:
    return _turn(passage, rng.choice(QUESTIONS["whole"]), 0)


def _turn(passage: Passage, question: str, first: int) -> Turn:
    """A turn answered by a sentence and, within its paragraph, the next one."""
    ends = set(accumulate(len(paragraph) for paragraph in passage))
    return Turn(passage, question, range(first, first + 1 + (first + 1 not in ends)))


@dataclass(frozen=True, slots=True)
class Clause:
    """How a sentence opens: its subject, its verb, and the words after it."""

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


def opening_clause(sentence: str) -> Clause | None:
    """The opening clause of a sentence, None without a plain subject of 1 to 6 words."""
    words = sentence.split()
    if words[0].lower() in _NO_SUBJECT or not _is_plain(words[0]):
        return None
    for i, word in enumerate(words[1:8], start=1):
        if word in _VERBS or (word.endswith("ed") and words[i - 1].lower() not in _NOT_BEFORE_ED):
            subject = words[: i - 1] if _is_adverb(words[i - 1]) and i > 1 else words[:i]
            return Clause(" ".join(subject), word, " ".join(words[i + 1 :]))
        if not _is_plain(word):
            return None
    return None


def _is_plain(word: str) -> bool:
    return word.replace("-", "").replace("'", "").isalnum()


def _is_adverb(word: str) -> bool:
    return word in _ADVERBS or (word.endswith("ly") and word[0].islower())


def subject_question(clause: Clause, rng: Random) -> str:
    """A question about a sentence's subject."""
    subject = _mid_sentence(clause.subject)
    if rng.random() < 0.45:
        question = _verb_question(clause, subject)
        if question:
            return question
    return rng.choice(QUESTIONS["about"]).format(subject)


def _verb_question(clause: Clause, subject: str) -> str:
    following = clause.rest.split(" ", 1)[0]
    if clause.verb in {"was", "were", "is", "are"}:
        if following.endswith("ed") or following in {"born", "built", "made", "found", "held"}:
            return f"{_question_word(clause.rest)} {clause.verb} {subject} {following}?"
        is_person = clause.subject.istitle() and not clause.subject.startswith("The ")
        return f"{'Who' if is_person else 'What'} {clause.verb} {subject}?"
    return f"What did {subject} do?" if clause.verb.endswith("ed") else ""


def _question_word(rest: str) -> str:
    if _WHEN.search(rest):
        return "When"
    return "Where" if _WHERE.search(rest) else "How"


def detail_question(sentence: str, passage: str, rng: Random) -> str:
    """A question about a name or year that the passage mentions once; may be empty."""
    years = [year for year in _YEAR.findall(sentence) if passage.count(year) == 1]
    names = [name for name in _NAME.findall(sentence) if passage.count(name) == 1]
    if years and (not names or rng.random() < 0.5):
        return f"What happened in {years[0]}?"
    return rng.choice(QUESTIONS["detail"]).format(rng.choice(names)) if names else ""


def _mid_sentence(phrase: str) -> str:
    """A phrase from the start of a sentence, as it is written within one."""
    first, _, rest = phrase.partition(" ")
    is_common = first in {"The", "A", "An", "His", "Her", "Its", "Their", "Most", "Some", "Many"}
    return f"{first.lower()} {rest}" if is_common and rest else phrase
