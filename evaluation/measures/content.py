"""Content measures, which check whether an answer still says what its reference says.

Similarity is the cosine of sentence embeddings (Reimers and Gurevych, Sentence-BERT, EMNLP 2019). A
single cosine is hard to interpret, so compare it with two reference values: the floor (the
similarity of answers to the references of other prompts) and the ceiling (the similarity of
approved rewrites to the plain answers that they rewrite). Apart from similarity, content measures
compare numbers, names, lengths or word sequences.
"""

import re
from collections import Counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from db.records import Interval
from evaluation.errors import EvaluationError
from evaluation.measures.text import sentences, words
from evaluation.measures.tone import Feature
from evaluation.statistics import RESAMPLING, Resampling, mean_interval

CONTENT_SOURCE = "content.v1"

SIMILARITY = Feature(
    "similarity",
    "Similarity",
    "Cosine similarity between the sentence vectors of the answer and the reference.",
)
FEATURES = (
    SIMILARITY,
    Feature(
        "numbers_kept", "Numbers kept", "Share of the reference’s numbers in the answer.", True
    ),
    Feature("names_kept", "Names kept", "Share of the reference’s names in the answer.", True),
    Feature("length_ratio", "Length ratio", "Words in the answer per word in the reference."),
    Feature(
        "copied_share",
        "Copied",
        "Share of the answer’s 5-word sequences that occur verbatim in the passage.",
        share=True,
    ),
    Feature("loops", "Loops", "Answers that repeat two or more 4-word sequences.", True),
)

CONTENT_NAMES = frozenset(feature.name for feature in FEATURES)

CAPITALISED_NOUNS = frozenset({"de", "lb"})
"""Languages in which a capital letter doesn't indicate a name."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NOT_NAMES = re.compile(
    r"I|I['’](?:m|d|ll|ve)|An?|The|Th(?:is|at|ese|ose|ere|en)|It|S?[Hh]e|They|We|Well|While|When|Where"
    r"|Who|What|Which|Why|You|His|Her|Its|Their|Our|In|On|At|By|For|From|With|After|Before|During|How|As"
    r"|If|And|But|Or|So|Yes|No[tw]?|Here|Since|Until|Although|Because|However|Also|Both|Each|Many"
    r"|Most|Some|Several|Such|Other|One|Two|Three|To|Of"
)


def similarities(a: ArrayLike, b: ArrayLike) -> list[float]:
    """The row-by-row cosine similarity of two (n, d) arrays of unit vectors."""
    first, second = _rows(a, b)
    return [float(value) for value in (first * second).sum(axis=1)]


def shuffled_floor(a: ArrayLike, b: ArrayLike, resampling: Resampling = RESAMPLING) -> Interval:
    """The similarity floor: the mean similarity of each row of `a` to all other rows of `b`.

    Raises `EvaluationError` if `a` and `b` have fewer than two rows.
    """
    first, second = _rows(a, b)
    count = len(first)
    if count < 2:
        raise EvaluationError(
            "The similarity of unrelated answers can be measured only with 2 or more answers, but "
            f"there are only {count}. Answer more prompts."
        )
    others = (first @ second.sum(axis=0) - (first * second).sum(axis=1)) / (count - 1)
    return mean_interval(others.tolist(), None, resampling)


def paraphrase_ceiling(
    plain: ArrayLike, rewritten: ArrayLike, resampling: Resampling = RESAMPLING
) -> Interval:
    """The similarity ceiling: the mean similarity of approved rewrites to their plain answers."""
    return mean_interval(similarities(plain, rewritten), None, resampling)


def _rows(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.ndim != 2 or first.shape != second.shape:
        raise EvaluationError(
            "Similarity needs two (n, d) arrays of the same shape, but their shapes are "
            f"{first.shape} and {second.shape}. Embed all texts with the same model."
        )
    return first, second


def numbers(text: str) -> set[str]:
    """The numbers in a text, without thousands separators (`1,250` becomes `1250`)."""
    return {re.sub(r",(?=\d{3}\b)", "", number) for number in _NUMBER.findall(text)}


def names(text: str) -> set[str]:
    """The words in an English text that are probably names, based on capitalisation.

    The first word of a sentence counts as a name only if it also appears capitalised within a
    sentence, or if the next word is capitalised (`Isaac Newton was …`).
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
    """The share of the reference's numbers found in the answer; None if the reference has none."""
    return _share(numbers(reference), numbers(answer))


def names_kept(reference: str, answer: str, language: str = "en") -> float | None:
    """The share of the reference's names found in the answer; None if the reference has none.

    In a language that capitalises all nouns, names can't be recognised, so the result is None.
    """
    if language in CAPITALISED_NOUNS:
        return None
    available = {_bare(word) for word in words(answer.lower())}
    return _share({name.lower() for name in names(reference)}, available)


def _bare(name: str) -> str:
    return name.removesuffix("'s").removesuffix("’s")


def _share(expected: set[str], available: set[str]) -> float | None:
    return len(expected & available) / len(expected) if expected else None


def length_ratio(reference: str, answer: str) -> float | None:
    """The answer's word count divided by the reference's, or None if the reference has no words."""
    expected = len(words(reference))
    return len(words(answer)) / expected if expected else None


def copied_share(passage: str, answer: str, n: int = 5) -> float | None:
    """The share of an answer's n-word sequences found in the passage; None for short answers."""
    sequences, copied = _sequences(answer, n), set(_sequences(passage, n))
    return sum(each in copied for each in sequences) / len(sequences) if sequences else None


def loops(text: str) -> bool:
    """Whether a text repeats at least two different 4-word sequences."""
    return sum(count > 1 for count in Counter(_sequences(text, 4)).values()) >= 2


def _sequences(text: str, n: int) -> list[tuple[str, ...]]:
    lower = words(text.lower())
    return list(zip(*(lower[start:] for start in range(n)), strict=False))


def content_measures(
    answer: str,
    reference: str,
    passage: str = "",
    similarity: float | None = None,
    language: str = "en",
) -> dict[str, float]:
    """Compute an answer's content measures, keyed by name, leaving out undefined ones."""
    values: dict[str, float | None] = {
        "similarity": similarity,
        "numbers_kept": numbers_kept(reference, answer),
        "names_kept": names_kept(reference, answer, language),
        "length_ratio": length_ratio(reference, answer),
        "copied_share": copied_share(passage, answer) if passage else None,
        "loops": float(loops(answer)),
    }
    return {name: value for name, value in values.items() if value is not None}
