"""Use rules to generate questions that a sentence in an article answers."""

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random
from typing import TypeAlias

from recipes.mini.corpus import Text
from recipes.mini.phrases import QUESTIONS, WORDS

Passage: TypeAlias = tuple[tuple[str, ...], ...]
"""The paragraphs of a passage, each as a tuple of sentences."""

_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(]?[A-Z0-9])")
_ABBREVIATIONS = "|".join(map(re.escape, WORDS["abbreviations"]))
_ABBREVIATION = re.compile(rf"(?:^|[\s(\"'])(?:[A-Z]|[A-Z]\.[A-Z]|{_ABBREVIATIONS})\.$")
_YEAR = re.compile(r"\bin (1[0-9]{3}|20[0-9]{2})\b")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]+)(?: [A-Z][a-z]+)+")
_WHEN = re.compile(r"\b(?:in|on|until|since) (?:[A-Z][a-z]+ )?\d")
_WHERE = re.compile(r"\b(?:in|at|near|from|to) (?:the )?[A-Z]")

_PASSAGE_WORDS = 130
_TRIES = 6  # passages to try before asking about a passage as a whole
_WHOLE_SHARE = 0.07  # share of questions about the whole passage, answered by its start
_DETAIL_SHARE = 0.13  # share of questions about a name or year in a sentence


@dataclass(frozen=True, slots=True)
class Turn:
    """A passage, a question, and the sentences that answer it.

    `answer` contains sentence indices, counted across all paragraphs. `rewrite` is the answer in
    other words, or an empty string.
    """

    passage: Passage
    question: str
    answer: range
    rewrite: str = ""

    @property
    def reference(self) -> str:
        """The answer as it is worded in the passage."""
        sentences = [sentence for paragraph in self.passage for sentence in paragraph]
        return " ".join(sentences[i] for i in self.answer)

    @property
    def user(self) -> str:
        """The user message: the passage, an empty line and the question."""
        return "\n\n".join([*(" ".join(p) for p in self.passage), self.question])


@dataclass(frozen=True, slots=True)
class Turns:
    """A source of random passages from articles, with questions about them."""

    texts: tuple[Text, ...]

    def short(self, rng: Random) -> Turn:
        """Build a question about a random passage of up to 130 words."""
        for _ in range(_TRIES):
            if turn := _ask(rng, self.passage(rng, _PASSAGE_WORDS)):
                return turn
        return _turn(self.passage(rng, _PASSAGE_WORDS), rng.choice(QUESTIONS["whole"]), 0)

    def long(self, rng: Random, words: int) -> Turn:
        """Build a question about several paragraphs of a random article."""
        paragraphs = rng.choice(self.texts).paragraphs
        start = rng.randrange(len(paragraphs))
        passage = tuple(map(split, _up_to(words, paragraphs[start : start + 8])))
        return _ask(rng, passage) or _turn(passage, rng.choice(QUESTIONS["whole"]), 0)

    def passage(self, rng: Random, words: int) -> Passage:
        """Draw consecutive sentences or, in a third of cases, 2 or 3 unrelated snippets."""
        if rng.random() < 0.67:
            return (self._snippet(rng, rng.choice((words, words, words // 2)), 9),)
        return tuple(self._snippet(rng, words // 3, 2) for _ in range(rng.randint(2, 3)))

    def _snippet(self, rng: Random, words: int, count: int) -> tuple[str, ...]:
        sentences = split(rng.choice(rng.choice(self.texts).paragraphs))
        start = rng.choice((0, rng.randrange(len(sentences))))
        return _up_to(words, sentences[start : start + count])


def _up_to(words: int, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return as many of the first parts as fit into `words` words, but at least one."""
    fitting = sum(count <= words for count in accumulate(len(part.split()) for part in parts))
    return parts[: fitting or 1]


def _ask(rng: Random, passage: Passage) -> Turn | None:
    """Generate a question about the passage, or return None if no rule applies.

    The question is about a subject that starts only one sentence, so there is a single answer.
    """
    if rng.random() < _WHOLE_SHARE:
        return _turn(passage, rng.choice(QUESTIONS["whole"]), 0)
    sentences = [sentence for paragraph in passage for sentence in paragraph]
    order = list(range(len(sentences)))
    rng.shuffle(order)
    if rng.random() < _DETAIL_SHARE:
        for i in order:
            if question := _detail_question(sentences[i], " ".join(sentences), rng):
                return _turn(passage, question, i)
    for i in order:
        clause = opening_clause(sentences[i])
        if clause and sum(s.startswith(f"{clause.subject} ") for s in sentences) == 1:
            return _turn(passage, subject_question(clause, rng), i)
    return None


def _turn(passage: Passage, question: str, first: int) -> Turn:
    """Build a turn that is answered by a sentence of the passage.

    If the paragraph has a next sentence, that sentence is added to the answer.
    """
    ends = set(accumulate(len(paragraph) for paragraph in passage))
    return Turn(passage, question, range(first, first + 1 + (first + 1 not in ends)))


@dataclass(frozen=True, slots=True)
class Clause:
    """The start of a sentence: its subject, its verb and the words that follow."""

    subject: str
    verb: str
    rest: str


def split(paragraph: str) -> tuple[str, ...]:
    """Split a paragraph of plain text into sentences."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(paragraph):
        if not _ABBREVIATION.search(paragraph[start : match.start()]):
            sentences.append(paragraph[start : match.end()].strip())
            start = match.end()
    return (*sentences, paragraph[start:].strip())


def opening_clause(sentence: str) -> Clause | None:
    """Parse a sentence's opening clause; return None if its subject isn't 1 to 6 plain words."""
    words = sentence.split()
    if words[0].lower() in WORDS["no_subject"] or not _is_plain(words[0]):
        return None
    for i, (before, word) in enumerate(pairwise(words[:8]), start=1):
        is_past = word.endswith("ed") and before.lower() not in WORDS["not_before_ed"]
        if word in WORDS["verbs"] or is_past:
            is_adverb = (before.endswith("ly") and before[0].islower()) or before in WORDS[
                "adverbs"
            ]
            subject = words[: i - 1] if is_adverb and i > 1 else words[:i]
            return Clause(" ".join(subject), word, " ".join(words[i + 1 :]))
        if not _is_plain(word):
            return None
    return None


def _is_plain(word: str) -> bool:
    return word.replace("-", "").replace("'", "").isalnum()


def subject_question(clause: Clause, rng: Random) -> str:
    """Build a question about a sentence's subject; common nouns are changed to lower case."""
    subject = clause.subject
    if " " in subject and subject.split()[0] in WORDS["common_starts"]:
        subject = subject[0].lower() + subject[1:]
    question = _verb_question(clause, subject) if rng.random() < 0.45 else ""
    return question or rng.choice(QUESTIONS["about"]).format(subject)


def _verb_question(clause: Clause, subject: str) -> str:
    following = clause.rest.split(" ", 1)[0]
    if clause.verb not in {"was", "were", "is", "are"}:
        return f"What did {subject} do?" if clause.verb.endswith("ed") else ""
    if following.endswith("ed") or following in WORDS["repeated_after_be"]:
        place = "Where" if _WHERE.search(clause.rest) else "How"
        word = "When" if _WHEN.search(clause.rest) else place
        return f"{word} {clause.verb} {subject} {following}?"
    is_person = clause.subject.istitle() and not clause.subject.startswith("The ")
    return f"{'Who' if is_person else 'What'} {clause.verb} {subject}?"


def _detail_question(sentence: str, passage: str, rng: Random) -> str:
    """Build a question about a name or year that occurs once in the passage, or return ""."""
    years = [year for year in _YEAR.findall(sentence) if passage.count(year) == 1]
    names = [name for name in _NAME.findall(sentence) if passage.count(name) == 1]
    if years and (not names or rng.random() < 0.5):
        return f"What happened in {years[0]}?"
    return rng.choice(QUESTIONS["detail"]).format(rng.choice(names)) if names else ""
