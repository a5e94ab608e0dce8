from dataclasses import replace

from db.records import Interval
from evaluation.advice import (
    Advice,
    Recommendation,
    Rivals,
    advise,
    best_arm,
    break_even,
    knowledge_notice,
)
from evaluation.arms import (
    ArmSummary,
    Difference,
    MeasuredArm,
    MeasuredOutput,
    summarise,
)
from evaluation.measures.content import SIMILARITY
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.statistics import outcome


def summary(name: str, rate: float, facts: float = 1.0) -> ArmSummary:
    measures = {"names_kept": facts, "numbers_kept": facts}
    rows = tuple(
        MeasuredOutput(f"p{i}", measures | {"conversational": float(i < 20 * rate)})
        for i in range(20)
    )
    return summarise(MeasuredArm(name, name.capitalize(), "made", rows))


def difference(feature: Feature, low: float, middle: float, high: float) -> Difference:
    found = Interval(low, middle, high)
    return Difference("tuned", "short", feature, 20, found, 0.5, 0.01, outcome(found))


def advice(
    target: tuple[float, float, float], similarity: tuple[float, float, float] | None
) -> Advice:
    alike = difference(SIMILARITY, *similarity) if similarity else None
    rivals = Rivals(
        summary("tuned", 0.9), summary("short", 0.4), difference(CONVERSATIONAL, *target), alike
    )
    return advise(rivals)


def test_a_gain_with_kept_content_advises_fine_tuning() -> None:
    found = advice((0.2, 0.5, 0.7), (-0.03, -0.01, 0.01))
    assert found.recommendation is Recommendation.TUNE
    assert found.sentence.startswith("Fine-tune. Tuning meets the target more often: 90 % with")


def test_a_gain_that_loses_content_advises_prompting() -> None:
    assert advice((0.2, 0.5, 0.7), (-0.3, -0.2, -0.1)).recommendation is Recommendation.PROMPT


def test_a_gain_without_references_says_content_was_not_measured() -> None:
    found = advice((0.2, 0.5, 0.7), None)
    assert found.recommendation is Recommendation.TUNE
    assert "not measured" in found.sentence


def test_five_prompts_decide_nothing() -> None:
    few = replace(difference(CONVERSATIONAL, 0.2, 1.0, 1.0), n=5)
    found = advise(Rivals(summary("tuned", 1.0), summary("short", 0.0), few, None))
    assert (found.recommendation, found.more_prompts) == (Recommendation.UNDECIDED, 1)
    assert "5 prompts are too few" in found.sentence


def test_an_interval_that_ends_at_its_bound_needs_one_more_prompt() -> None:
    assert advice((0.0, 0.2, 0.4), None).more_prompts == 1


def test_a_loss_or_a_negligible_gain_advises_prompting() -> None:
    assert advice((-0.7, -0.5, -0.2), None).recommendation is Recommendation.PROMPT
    small = advice((-0.02, 0.01, 0.04), None)
    assert small.recommendation is Recommendation.PROMPT
    assert "5 points or more is ruled out" in small.sentence


def test_an_undecided_interval_says_how_many_more_prompts_decide_it() -> None:
    found = advice((-0.1, 0.1, 0.3), None)
    assert found.recommendation is Recommendation.UNDECIDED
    assert found.more_prompts == 60  # half the width takes four times the 20 prompts
    assert "about 60 more prompts" in found.sentence
    assert advice((-0.1, 0.0, 0.1), None).more_prompts is None
    open_content = advice((0.2, 0.5, 0.7), (-0.1, 0.0, 0.1))
    assert (open_content.recommendation, open_content.more_prompts) == (
        Recommendation.UNDECIDED,
        60,
    )


def test_arms_without_common_prompts_decide_nothing() -> None:
    rivals = Rivals(summary("tuned", 0.9), summary("short", 0.4), None, None)
    assert advise(rivals).recommendation is Recommendation.UNDECIDED


def test_lost_facts_without_a_passage_mean_missing_knowledge() -> None:
    assert "RAG" in knowledge_notice(summary("tuned", 0.9, facts=0.2), grounded=0.0)
    assert "RAG" not in knowledge_notice(summary("tuned", 0.9, facts=0.2), grounded=1.0)
    assert knowledge_notice(summary("tuned", 0.9, facts=0.9), grounded=0.0) == ""


def test_tuning_breaks_even_only_if_its_answers_are_cheaper() -> None:
    assert break_even(10.0, 0.002, 0.001) == 10_000
    assert break_even(10.0, 0.001, 0.001) is None


def test_the_best_arm_meets_the_target_most_often() -> None:
    low, high = summary("a", 0.2), summary("b", 0.8)
    assert best_arm([low, high, replace(high, name="c", target=None)]) == high
    assert best_arm([]) is None
