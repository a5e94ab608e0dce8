"""A register classifier: talk or encyclopedia, from the features of tone.

Logistic regression with an L2 penalty on standardised features, fitted by Newton's method. Data are
handed in: labels of people where there are any, otherwise human chat against encyclopedic text.
Topic and format differ between such sources too, and a writer can learn to please such features,
so the classifier is one judge among several, with its card.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EvaluationError
from evaluation.judge_cards import JudgeCard, Predictions, judge_card
from evaluation.measures.tone import tone_measures

REGISTER_SOURCE = "register.v1"

_FEATURES = (
    "flesch_reading_ease",
    "words_per_sentence",
    "first_person",
    "second_person",
    "contractions",
    "questions",
    "discourse_words",
    "markdown",
)
_ROUNDS = 50
_CLOSE = 1e-9


@dataclass(frozen=True)
class RegisterModel:
    """A fitted classifier: plain numbers, one of each a feature, and what it was trained on."""

    trained_on: str
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float


def fit(
    texts: Sequence[str], labels: Sequence[bool], trained_on: str, penalty: float = 1.0
) -> RegisterModel:
    """A classifier of the texts labelled true (talk) against the rest.

    `penalty` is the L2 penalty on the weights of standardised features; more draws them to 0.

    Raises `EvaluationError` if there is not one label a text, or only one of the two labels.
    """
    target = np.asarray(labels, dtype=float)
    if len(texts) != len(labels) or not 0 < target.sum() < len(target):
        raise EvaluationError(
            f"found {len(texts)} texts and {len(labels)} labels, {int(target.sum())} of them true; "
            "expected a label for each text and texts of both kinds; label more texts"
        )
    raw = _table(texts)
    means, scales = raw.mean(axis=0), raw.std(axis=0)
    scales[scales == 0] = 1.0
    inputs = np.hstack([(raw - means) / scales, np.ones((len(raw), 1))])
    solution = _newton(inputs, target, penalty)
    return RegisterModel(
        trained_on=trained_on,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=tuple(solution[:-1].tolist()),
        bias=float(solution[-1]),
    )


def predict(model: RegisterModel, texts: Sequence[str]) -> list[float]:
    """The probability of talk for each text."""
    if not texts:
        return []
    inputs = (_table(texts) - np.asarray(model.means)) / np.asarray(model.scales)
    return [float(p) for p in _logistic(inputs @ np.asarray(model.weights) + model.bias)]


def card(
    model: RegisterModel, texts: Sequence[str], labels: Sequence[bool], labels_by: str
) -> JudgeCard:
    """The judge card of a classifier on texts it was not fitted to."""
    scores = predict(model, texts)
    calls = [score >= 0.5 for score in scores]
    name = f"The register classifier (trained on {model.trained_on})"
    return judge_card(name, Predictions(calls, labels, scores), labels_by)


def _table(texts: Sequence[str]) -> NDArray[np.float64]:
    measured = [tone_measures(text) for text in texts]
    return np.array([[row[name] for name in _FEATURES] for row in measured])


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -500, 500))))


def _newton(
    inputs: NDArray[np.float64], target: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    ridge = np.full(inputs.shape[1], penalty)
    ridge[-1] = 1e-6  # the bias is free, but for keeping the system solvable
    solution = np.zeros(inputs.shape[1])
    for _ in range(_ROUNDS):
        chance = _logistic(inputs @ solution)
        slope = inputs.T @ (chance - target) + ridge * solution
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        solution = solution - step
        if float(np.abs(step).max()) < _CLOSE:
            break
    return solution
