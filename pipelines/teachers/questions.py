"""Questions about a passage by rule, and the sentences of the passage that answer a question."""

import math
import re
from random import Random

from pipelines.teachers.clauses import Clause, clauses
from pipelines.teachers.frames import questions
from pipelines.wikipedia.sentences import sentences
from pipelines.words import word_set, words

SHORT, LONG = 7, 34
LONG_WORD = 8
ANSWER_WORDS = 58
_LOOSE = re.compile(
    r"[()\[\]{}=|]|formula_|\s[,.;:]|[,.]{2}"
    r"|\b(?:from to|the of|than to|of and|the and|in and|at to)\b"
)
_CONNECTED = re.compile(
    r"\bhowever\b|^(?:However|Meanwhile|Similarly|Conversely|Nevertheless|Moreover|Furthermore|But"
    r"|Additionally|Consequently|Therefore|Thus|In addition|As such|Instead|Also|And|Then)\b"
)
_BEFORE = (
    "", "", "", "", "", "", "", "", "So, ", "Hey, ", "Okay, ", "Quick question: ", "Tell me, ",
    "I was wondering, ", "Just curious, ", "Hm, ", "Oh, and ",
)  # fmt: skip
_COMMON = word_set(
    "the a an of in on at to and or for with by from was were is are did does do what who when "
    "where how can could you me tell about know we i so hey it its that this has have had bit "
    "something anything story interesting should"
)


def ask(passage: str, count: int, choose: Random) -> list[str]:
    """Up to `count` questions, each about the subject of another sentence; none if none fits."""
    parts = [clause for clause in clauses(passage) if clause is not None and _good(clause.sentence)]
    choose.shuffle(parts)
    parts.sort(key=_rank)
    return [_question(clause, choose) for clause in parts[:count]]


def _good(sentence: str) -> bool:
    """Whether a sentence can be an answer read aloud: of middling length, without loose ends."""
    return (
        SHORT <= len(words(sentence)) <= LONG
        and sentence.endswith((".", '."', ".”"))
        and not _LOOSE.search(sentence)
        and sentence.count('"') % 2 == 0
    )


def _rank(clause: Clause) -> float:
    """Lower is better: a close question, a subject of its own, and easy to say aloud."""
    close, _ = questions(clause)
    said = words(clause.sentence)
    long_words = sum(len(word) > LONG_WORD for word in said) / len(said)
    return (
        (0 if close else 1)
        + (0 if clause.own else 1)
        + (2 if _CONNECTED.search(clause.sentence) else 0)
        + (1 if '"' in clause.sentence else 0)
        + 6 * long_words
        + len(said) / LONG
    )


def _question(clause: Clause, choose: Random) -> str:
    close, general = questions(clause)
    # A question about the subject at large now and then, as people ask them.
    fitting = close if close and choose.random() < 0.8 else general  # as above
    asked = choose.choice(fitting)
    before = choose.choice(_BEFORE)
    keeps_capital = not before or asked.startswith("I ")
    return before + (asked if keeps_capital else asked[0].lower() + asked[1:])


def plain_answer(passage: str, question: str) -> str:
    """The sentence that a question is about and, if it is short enough, the next; verbatim."""
    listed = sentences(passage)
    at = _asked_about(passage, question)
    if at is None:
        at = max(range(len(listed)), key=lambda n: _overlap(listed[n], question))
    answer = listed[at]
    following = listed[at + 1] if at + 1 < len(listed) else ""
    if following and _good(following) and len(words(answer + " " + following)) <= ANSWER_WORDS:
        answer += " " + following
    return answer


def _asked_about(passage: str, question: str) -> int | None:
    wanted = question.lower()
    general = None
    for n, clause in enumerate(clauses(passage)):
        if clause is None or not _good(clause.sentence):
            continue
        close, loose = questions(clause)
        if any(wanted.endswith(q.lower()) for q in close):
            return n
        if general is None and any(wanted.endswith(q.lower()) for q in loose):
            general = n
    return general


def _overlap(sentence: str, question: str) -> float:
    said = {word.lower() for word in words(sentence)} - _COMMON
    asked = {word.lower() for word in words(question)} - _COMMON
    return len(said & asked) / math.sqrt(1 + len(said))
