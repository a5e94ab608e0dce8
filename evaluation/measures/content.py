"""Measures of content: does an answer still say what its reference says?

Similarity is the cosine of sentence vectors that are handed in (N. Reimers and I. Gurevych,
Sentence-BERT, EMNLP 2019). A cosine says nothing alone: it stands between a floor (answers beside
the references of other prompts) and a ceiling (approved rewrites beside the plain answers they
rewrite). The other measures compare figures, names, lengths and word sequences.
"""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from db.records import Interval
from evaluation.errors import EvaluationError
from evaluation.measures.text import sentences, words
from evaluation.measures.tone import Feature
from evaluation.statistics import RESAMPLING, Resampling, mean_interval

CONTENT_SOURCE = "content.v1"

SIMILARITY = Feature(
    "similarity", "Similarity", "Cosine of the sentence vectors of the answer and the reference."
)
FEATURES = (
    SIMILARITY,
    Feature(
        "numbers_kept", "Numbers kept", "Share of the reference’s figures in the answer.", True
    ),
    Feature("names_kept", "Names kept", "Share of the reference’s names in the answer.", True),
    Feature("length_ratio", "Length ratio", "Words of the answer for each word of the reference."),
    Feature(
        "copied_share",
        "Copied",
        "Share of the answer’s 5-word sequences that stand in the passage word for word.",
        share=True,
    ),
    Feature("loops", "Loops", "Answers in which two 4-word sequences or more are repeated.", True),
)

CONTENT_NAMES = frozenset(feature.name for feature in FEATURES)

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = re.compile(r"[^\w\s]")
_NOT_NAMES = re.compile(
    r"I|I['’](?:m|d|ll|ve)|An?|The|Th(?:is|at|ese|ose|ere|en)|It|S?[Hh]e|They|We|Well|While|When|Where"
    r"|Who|What|Which|Why|You|His|Her|Its|Their|Our|In|On|At|By|For|From|With|After|Before|During|How|As"
    r"|If|And|But|Or|So|Yes|No[tw]?|Here|Since|Until|Although|Because|However|Also|Both|Each|Many"
    r"|Most|Some|Several|Such|Other|One|Two|Three|To|Of"
)


def similarity(a: ArrayLike, b: ArrayLike) -> float:
    """Cosine similarity of two unit vectors."""
    return float(np.dot(np.asarray(a, dtype=float), np.asarray(b, dtype=float)))


def similarities(a: ArrayLike, b: ArrayLike) -> list[float]:
    """Cosine similarity row by row of two (n, d) arrays of unit vectors."""
    first, second = _rows(a, b)
    return [float(value) for value in (first * second).sum(axis=1)]


def shuffled_floor(a: ArrayLike, b: ArrayLike, resampling: Resampling = RESAMPLING) -> Interval:
    """Mean similarity of each row of `a` to rows of `b` that are not its own: the floor.

    Raises `EvaluationError` if there are fewer than two rows, so that no other row exists.
    """
    first, second = _rows(a, b)
    count = len(first)
    if count < 2:
        raise EvaluationError(
            f"found {count} answer(s), expected 2 or more for a shuffled floor; answer more prompts"
        )
    others = (first @ second.sum(axis=0) - (first * second).sum(axis=1)) / (count - 1)
    return mean_interval(others.tolist(), None, resampling)


def paraphrase_ceiling(
    plain: ArrayLike, rewritten: ArrayLike, resampling: Resampling = RESAMPLING
) -> Interval:
    """Mean similarity of approved rewrites to the plain answers that they rewrite: the ceiling."""
    return mean_interval(similarities(plain, rewritten), None, resampling)


def _rows(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.ndim != 2 or first.shape != second.shape:
        raise EvaluationError(
            f"found vectors of shape {first.shape} against {second.shape}, expected two equal "
            "(n, d) arrays; embed both sides with the same model"
        )
    return first, second


def figures(text: str) -> set[str]:
    """The figures of a text, without thousands separators: `1,250` is `1250`."""
    return {re.sub(r",(?=\d{3}\b)", "", found) for found in _FIGURE.findall(text)}


def names(text: str) -> set[str]:
    """The capitalised words of a text that are likely names.

    A sentence's first word counts only where it is also capitalised inside a sentence or the next
    word is capitalised too (`Isaac Newton was …`). English rules; German nouns would all count.
    """
    inside: set[str] = set()
    for sentence in sentences(text):
        first, *rest = words(sentence)
        inside.update(_bare(word) for word in rest if _is_name(word))
        if _is_name(first) and rest and _is_name(rest[0]):
            inside.add(_bare(first))
    return inside


def _is_name(word: str) -> bool:
    return word[0].isupper() and not _NOT_NAMES.fullmatch(word)


def numbers_kept(reference: str, answer: str) -> float | None:
    """Share of the reference's figures that the answer holds; None if the reference has none."""
    return _share(figures(reference), figures(answer))


def names_kept(reference: str, answer: str) -> float | None:
    """Share of the reference's names that the answer holds; None if the reference has none."""
    held = {_bare(word) for word in words(answer.lower())}
    return _share({name.lower() for name in names(reference)}, held)


def _bare(name: str) -> str:
    return name.removesuffix("'s").removesuffix("’s")


def _share(wanted: set[str], held: set[str]) -> float | None:
    return len(wanted & held) / len(wanted) if wanted else None


def answer_kept(gold: Iterable[str], answer: str) -> bool:
    """Whether any gold answer stands in the text, compared as SQuAD does (Rajpurkar et al. 2016).

    Case, punctuation, articles and extra white space do not matter; whole words do.
    """
    held = f" {_squad(answer)} "
    return any(f" {_squad(option)} " in held for option in gold if _squad(option))


def _squad(text: str) -> str:
    return " ".join(_ARTICLE.sub(" ", _PUNCTUATION.sub("", text.lower())).split())


def length_ratio(reference: str, answer: str) -> float | None:
    """Words of the answer for each word of the reference; None for an empty reference."""
    expected = len(words(reference))
    return len(words(answer)) / expected if expected else None


def copied_share(passage: str, answer: str, n: int = 5) -> float | None:
    """Share of the answer's n-word sequences that stand in the passage; None if it is shorter."""
    own = _sequences(answer, n)
    held = set(_sequences(passage, n))
    return sum(sequence in held for sequence in own) / len(own) if own else None


def loops(text: str) -> bool:
    """Whether the text goes round: two or more different 4-word sequences come more than once."""
    return sum(count > 1 for count in Counter(_sequences(text, 4)).values()) >= 2


def _sequences(text: str, n: int) -> list[tuple[str, ...]]:
    found = words(text.lower())
    return list(zip(*(found[start:] for start in range(n)), strict=False))


def content_measures(
    answer: str, reference: str, passage: str = "", similarity: float | None = None
) -> dict[str, float]:
    """The features of `FEATURES` by name, without those that this pair does not define."""
    measured: dict[str, float | None] = {
        "similarity": similarity,
        "numbers_kept": numbers_kept(reference, answer),
        "names_kept": names_kept(reference, answer),
        "length_ratio": length_ratio(reference, answer),
        "copied_share": copied_share(passage, answer) if passage else None,
        "loops": float(loops(answer)),
    }
    return {name: value for name, value in measured.items() if value is not None}
