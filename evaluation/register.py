"""A classifier that uses tone features to distinguish conversational from encyclopedic text.

The classifier is an L2-regularised logistic regression on standardised features. Train the
classifier on human labels if there are any, otherwise on human chats and encyclopedic text. Chats
and encyclopedic text also differ in topic and format, which the classifier may learn instead of
tone. Treat the classifier as one scorer among several, and check in its judge card how well it
predicts human labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.errors import EvaluationError
from evaluation.judge_cards import JudgeCard, Predictions, judge_card
from evaluation.measures.tone import tone_measures

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


@dataclass(frozen=True)
class RegisterModel:
    """A fitted scikit-learn pipeline with a description of its training data."""

    trained_on: str
    pipeline: Any


def fit(
    texts: Sequence[str], labels: Sequence[bool], trained_on: str, penalty: float = 1.0
) -> RegisterModel:
    """Fit a classifier to texts labelled true (conversational) or false.

    `penalty` is the L2 penalty on the weights; a higher penalty gives smaller weights.

    Raises `EvaluationError` if the numbers of labels and texts differ, or if all labels are the
    same.
    """
    if len(texts) != len(labels) or not 0 < sum(labels) < len(labels):
        raise EvaluationError(
            "The register classifier needs one label per text and texts of both classes, but "
            f"there are {len(texts)} texts and {len(labels)} labels, {sum(labels)} of them true. "
            "Label more texts."
        )
    from sklearn.linear_model import LogisticRegression  # slow to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=1000)
    pipeline = make_pipeline(StandardScaler(), model).fit(_features(texts), list(labels))
    return RegisterModel(trained_on, pipeline)


def predict(model: RegisterModel, texts: Sequence[str]) -> list[float]:
    """The probability that each text is conversational."""
    if not texts:
        return []
    return [float(p) for p in model.pipeline.predict_proba(_features(texts))[:, 1]]


def card(
    model: RegisterModel, texts: Sequence[str], labels: Sequence[bool], labels_by: str
) -> JudgeCard:
    """Test a classifier on texts that weren't used for fitting."""
    scores = predict(model, texts)
    name = f"The register classifier (trained on {model.trained_on})"
    predictions = Predictions([score >= 0.5 for score in scores], labels, scores)
    return judge_card(name, predictions, labels_by)


def _features(texts: Sequence[str]) -> list[list[float]]:
    measured = [tone_measures(text) for text in texts]
    return [[measures[name] for name in _FEATURES] for measures in measured]
