import pytest

from evaluation.errors import EvaluationError
from evaluation.judge_cards import Predictions, judge_card
from evaluation.register import card, fit, predict

TALK = (
    "Oh, it's huge! Do you know how long it is?",
    "Well, I don't think you'd like it. It's cold up there.",
    "Hey, did you see that? I couldn't believe my eyes!",
    "Yeah, we went there last year, and I loved it.",
    "So what do you think? I'd go again, you know.",
    "I mean, it's not bad. Isn't that what you said?",
)
ENCYCLOPEDIA = (
    "The municipality, which was established in 1851, constitutes an administrative division.",
    "The manuscript is attributed to an anonymous monastic community of the twelfth century.",
    "Its population was recorded as 4,512 inhabitants at the census conducted in 1911.",
    "The locomotive was manufactured by the company between 1920 and 1934 in several series.",
    "The treaty established the boundaries of both territories and regulated their commerce.",
    "The species inhabits deciduous forests and feeds predominantly on invertebrates.",
)


def test_a_saturated_scorer_is_called_useless() -> None:
    card = judge_card("The judge", Predictions([True] * 20, [True] * 12 + [False] * 8), "people")
    assert card.saturated
    assert "useless" in card.sentence
    assert card.kappa.estimate == 0


def test_a_card_has_accuracy_precision_recall_and_kappa() -> None:
    calls = [True] * 8 + [False] * 12
    labels = [True] * 6 + [False] * 2 + [True] * 2 + [False] * 10
    card = judge_card("The judge", Predictions(calls, labels), "people")
    assert card.precision is not None
    assert card.recall is not None
    assert card.accuracy.estimate == pytest.approx(16 / 20)
    assert card.precision.estimate == pytest.approx(6 / 8)
    assert card.recall.estimate == pytest.approx(6 / 8)
    # observed agreement 0.8, by chance 0.4 · 0.4 + 0.6 · 0.6 = 0.52
    assert card.kappa.estimate == pytest.approx((0.8 - 0.52) / 0.48)
    assert card.auc is None
    assert "by people" in card.sentence


def test_scores_give_the_auc_with_ties_as_half() -> None:
    judged = Predictions([True, True, False], [True, False, False], [0.9, 0.9, 0.1])
    assert judge_card("The judge", judged, "people").auc == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("calls", "conclusion"),
    [
        ([True, True, False, False] * 5, "agrees with the labels of 20 texts by people (kappa 1"),
        ([True, False] * 10, "may agree only by chance with the labels"),
        (
            [False, False, True, True] * 5,
            "disagrees with the labels of 20 texts by people (kappa −",
        ),
    ],
)
def test_the_sentence_states_whether_a_scorer_agrees(calls: list[bool], conclusion: str) -> None:
    card = judge_card("The judge", Predictions(calls, [True, True, False, False] * 5), "people")
    assert conclusion in card.sentence


def test_predictions_without_labels_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="one label for each prediction"):
        judge_card("The judge", Predictions([True], []), "people")


def test_the_register_classifier_recognises_unseen_talk() -> None:
    labels = [True] * 4 + [False] * 4
    model = fit([*TALK[:4], *ENCYCLOPEDIA[:4]], labels, "eight sentences")
    scores = predict(model, [*TALK[4:], *ENCYCLOPEDIA[4:]])
    assert min(scores[:2]) > 0.5 > max(scores[2:])
    found = card(model, [*TALK[4:], *ENCYCLOPEDIA[4:]], [True, True, False, False], "the test")
    assert found.auc == 1
    assert "eight sentences" in found.name


def test_fitting_is_deterministic() -> None:
    labels = [True] * 6 + [False] * 6
    texts = [*TALK, *ENCYCLOPEDIA]
    model, again = (fit(texts, labels, "the test") for _ in range(2))
    assert predict(model, texts) == predict(again, texts)


def test_no_texts_give_no_scores() -> None:
    model = fit([*TALK, *ENCYCLOPEDIA], [True] * 6 + [False] * 6, "the test")
    assert predict(model, []) == []


def test_a_stronger_penalty_makes_the_classifier_less_confident() -> None:
    labels = [True] * 6 + [False] * 6
    texts = [*TALK, *ENCYCLOPEDIA]
    sure = fit(texts, labels, "the test", 0.1)
    unsure = fit(texts, labels, "the test", 100.0)
    assert predict(sure, [TALK[0]]) > predict(unsure, [TALK[0]])


def test_labels_of_one_class_are_rejected() -> None:
    with pytest.raises(EvaluationError, match="texts of both classes"):
        fit(TALK, [True] * 6, "the test")
