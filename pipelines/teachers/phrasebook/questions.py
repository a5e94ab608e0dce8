"""Use rules to ask questions about a passage and to find the sentences that answer them."""

import math
import re
from random import Random

from pipelines.teachers.phrasebook.clauses import Clause, parse_clauses
from pipelines.teachers.phrasebook.question_templates import questions_about
from pipelines.text.sentences import split_sentences
from pipelines.text.words import load_lexicon, split_words

_MIN_WORDS, _MAX_WORDS = 7, 34
_MAX_ANSWER_WORDS = 58
_LONG_WORD = 8
_LOOSE_END = re.compile(
    r"[()\[\]{}=|]|formula_|\s[,.;:]|[,.]{2}"
    r"|\b(?:from to|the of|than to|of and|the and|in and|at to)\b"
)
_CONNECTED = re.compile(
    r"\bhowever\b|^(?:However|Meanwhile|Similarly|Conversely|Nevertheless|Moreover|Furthermore|But"
    r"|Additionally|Consequently|Therefore|Thus|In addition|As such|Instead|Also|And|Then)\b"
)
_WORDS = load_lexicon(__name__)
_OPENINGS: list[str] = [""] * 8 + _WORDS.openings


def ask_questions(passage: str, count: int, rng: Random) -> list[str]:
    """Return up to `count` questions, each about a different suitable sentence."""
    clauses = [c for c in parse_clauses(passage) if c is not None and _is_speakable(c.sentence)]
    rng.shuffle(clauses)
    clauses.sort(key=_rank)
    return [_ask(clause, rng) for clause in clauses[:count]]


def _is_speakable(sentence: str) -> bool:
    """Return whether a sentence can be spoken as an answer.

    The sentence must be complete, and neither too long nor too short.
    """
    return (
        _MIN_WORDS <= len(split_words(sentence)) <= _MAX_WORDS
        and sentence.endswith((".", '."', ".”"))
        and not _LOOSE_END.search(sentence)
        and sentence.count('"') % 2 == 0
    )


def _rank(clause: Clause) -> float:
    """Rate how suitable a sentence is for a question; lower values are better."""
    words = split_words(clause.sentence)
    return (
        (0 if questions_about(clause).specific else 1)
        + (0 if clause.subject.is_explicit else 1)
        + (2 if _CONNECTED.search(clause.sentence) else 0)
        + (1 if '"' in clause.sentence else 0)
        + 6 * (sum(len(word) > _LONG_WORD for word in words) / len(words))
        + len(words) / _MAX_WORDS
    )


def _ask(clause: Clause, rng: Random) -> str:
    questions = questions_about(clause)
    # People sometimes ask general questions, too.
    is_specific = questions.specific and rng.random() < 0.8
    question = rng.choice(questions.specific if is_specific else questions.general)
    opening = rng.choice(_OPENINGS)
    if opening and not question.startswith("I "):
        question = question[0].lower() + question[1:]
    return opening + question


def find_answer(passage: str, question: str) -> str:
    """Return the sentence that answers a question, plus the next one if the answer stays short."""
    candidates = split_sentences(passage)
    at = _find_sentence(passage, question)
    if at is None:
        at = max(range(len(candidates)), key=lambda n: _overlap(candidates[n], question))
    answer = candidates[at]
    following = candidates[at + 1] if at + 1 < len(candidates) else ""
    if following and _is_speakable(following):
        both = f"{answer} {following}"
        return both if len(split_words(both)) <= _MAX_ANSWER_WORDS else answer
    return answer


def _find_sentence(passage: str, question: str) -> int | None:
    """Return the index of the sentence that a question is based on, or None if there is none."""
    lower = question.lower()
    general = None
    for n, clause in enumerate(parse_clauses(passage)):
        if clause is None or not _is_speakable(clause.sentence):
            continue
        questions = questions_about(clause)
        if any(lower.endswith(q.lower()) for q in questions.specific):
            return n
        if general is None and any(lower.endswith(q.lower()) for q in questions.general):
            general = n
    return general


def _overlap(sentence: str, question: str) -> float:
    """Rate how well a sentence fits a question, by the words that both contain."""
    in_sentence = {word.lower() for word in split_words(sentence)} - _WORDS.common
    in_question = {word.lower() for word in split_words(question)} - _WORDS.common
    return len(in_sentence & in_question) / math.sqrt(1 + len(in_sentence))
