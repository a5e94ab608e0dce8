"""A new adapter is promoted only if its gain is significant and no guarded feature is lost."""

from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.measures.content import SIMILARITY
from evaluation.measures.tone import CONVERSATIONAL
from evaluation.promotion import FEWEST, decide_promotion


def arm(name: str, hits: int, similarity: float = 0.8, prompts: int = 40) -> MeasuredArm:
    """An arm that meets the target on the first `hits` of its prompts."""
    outputs = tuple(
        MeasuredOutput(
            prompt=str(number),
            measures={
                CONVERSATIONAL.name: float(number < hits),
                SIMILARITY.name: similarity + 0.001 * (number % 7),
            },
        )
        for number in range(prompts)
    )
    return MeasuredArm(name, name, "", outputs)


def test_a_higher_target_on_the_same_prompts_is_better() -> None:
    decision = decide_promotion(arm("new", 35), arm("old", 10), guards=(SIMILARITY,))
    assert decision.is_better
    assert decision.prompts == 40
    assert "Conversational +0.625" in decision.reason


def test_a_gain_that_may_be_chance_is_not_better() -> None:
    decision = decide_promotion(arm("new", 21), arm("old", 20))
    assert not decision.is_better
    assert "doesn't show an improvement over old" in decision.reason


def test_a_lower_target_is_not_better() -> None:
    assert not decide_promotion(arm("new", 10), arm("old", 35)).is_better


def test_a_gain_that_loses_content_is_not_better() -> None:
    lost = arm("new", 35, similarity=0.7)
    assert decide_promotion(lost, arm("old", 10)).is_better
    decision = decide_promotion(lost, arm("old", 10), guards=(SIMILARITY,))
    assert not decision.is_better
    assert "but Similarity −0.100" in decision.reason


def test_a_loss_within_the_margin_is_accepted() -> None:
    assert decide_promotion(
        arm("new", 35, similarity=0.79), arm("old", 10), guards=(SIMILARITY,)
    ).is_better


def test_too_few_common_prompts_are_not_better() -> None:
    decision = decide_promotion(arm("new", 9, prompts=FEWEST - 1), arm("old", 0))
    assert not decision.is_better
    assert decision.reason == "both models answered 9 prompts in common, fewer than 10"
    apart = MeasuredArm("old", "old", "", tuple(MeasuredOutput(f"x{i}", {}) for i in range(20)))
    assert decide_promotion(arm("new", 9), apart).prompts == 0
