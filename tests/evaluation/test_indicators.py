"""The indicators answer three questions, and the advice follows from them."""

import pytest

from db.records import Interval
from evaluation.arms import MeasuredArm, compare_arms, summarise
from evaluation.pages.indicators import Headline, Standing, headline
from evaluation.preferences import Preferences, WinRate
from evaluation.statistics import more_to_decide
from evaluation.verdict import Evidence
from tests.evaluation.test_arms import arm

YES, NO, UNDECIDED = Standing.YES, Standing.NO, Standing.UNDECIDED


def headline_of(tuned: MeasuredArm, base: MeasuredArm, prompted: MeasuredArm) -> Headline:
    pairs = (("tuned", "base"), ("tuned", "prompted"))
    differences = compare_arms([tuned, base, prompted], pairs)
    evidence = Evidence(summarise(tuned), summarise(base), differences)
    return headline(evidence, summarise(prompted))


def standings(result: Headline) -> list[Standing]:
    return [indicator.standing for indicator in result.indicators]


BASE = arm("base", [0] * 40)


def test_a_clear_gain_over_a_prompt() -> None:
    result = headline_of(arm("tuned", [1] * 40), BASE, arm("prompted", [0, 0, 0, 1] * 10))
    assert standings(result) == [YES, YES, YES]
    assert result.tone.detail.startswith("+100 points (")
    assert result.advice.startswith("Use the tuned model")


def test_a_prompt_that_gets_further() -> None:
    result = headline_of(arm("tuned", [0, 1] * 20), BASE, arm("prompted", [1] * 40))
    assert standings(result) == [YES, YES, NO]
    assert result.advice.startswith("Use the prompt: it gets further")


def test_an_undecided_comparison_names_the_prompts_that_would_decide_it() -> None:
    tuned, prompted = (
        arm("tuned", [1, 1, 1, 0] * 10),
        arm("prompted", [*([0, 1, 1, 1] * 9), *([0] * 4)]),
    )
    result = headline_of(tuned, BASE, prompted)
    assert result.prompting.standing is UNDECIDED
    assert "on 40 prompts. About " in result.prompting.detail
    assert result.advice.startswith("Use the prompt until more held-out prompts")


def test_equal_rates_are_not_decided_by_more_prompts() -> None:
    result = headline_of(arm("tuned", [1, 0] * 20), BASE, arm("prompted", [0, 1] * 20))
    assert "too small for more prompts to decide" in result.prompting.detail


def test_lost_content_outweighs_a_gain() -> None:
    tuned = arm("tuned", [1] * 40, [0.5, 0.51] * 20)
    result = headline_of(tuned, BASE, arm("prompted", [0] * 40))
    assert standings(result) == [YES, NO, YES]
    assert "its answers lose content" in result.advice


def test_undecided_content_is_checked_before_a_gain_is_used() -> None:
    tuned = arm("tuned", [1] * 40, [0.7, 0.82] * 20)
    result = headline_of(tuned, BASE, arm("prompted", [0] * 40))
    assert standings(result) == [YES, UNDECIDED, YES]
    assert "check whether its answers keep the content" in result.advice


def test_a_run_that_is_less_on_target_is_not_used() -> None:
    result = headline_of(arm("tuned", [0] * 40), arm("base", [1] * 40), arm("prompted", [1] * 40))
    assert result.tone.standing is NO
    assert result.advice.startswith("Don’t use the tuned model")


def test_without_a_prompted_arm_the_third_question_is_open() -> None:
    tuned = arm("tuned", [1] * 40)
    differences = compare_arms([tuned, BASE], [("tuned", "base")])
    result = headline(Evidence(summarise(tuned), summarise(BASE), differences), None)
    assert result.prompting.standing is Standing.NOT_MEASURED
    assert result.advice.startswith("It isn’t known whether a prompt would do. Set `system_prompt`")


def test_without_a_criterion_votes_decide() -> None:
    tuned, base = arm("tuned", [1] * 40), BASE
    record = WinRate("base", "tuned", 2, 18, 0, 20, Interval(0.03, 0.1, 0.3))
    votes = Preferences(20, ("person",), (record,), (), Interval(0.4, 0.5, 0.6))
    differences = compare_arms([tuned, base], [("tuned", "base")])
    evidence = Evidence(summarise(tuned), summarise(base), differences, votes, None)
    result = headline(evidence, None)
    assert result.tone.standing is YES
    assert result.tone.detail == "90 % of 20 blind comparisons won (70 % to 97 %)"
    assert result.prompting.detail == "Nobody compared the answers."


@pytest.mark.parametrize(
    ("interval", "more"),
    [
        (Interval(-0.1, 0.1, 0.3), 300),  # twice as wide as it may be: four times the prompts
        (Interval(-0.3, -0.1, 0.1), 300),
        (Interval(-0.2, 0.0, 0.2), None),
        (Interval(0.0, 0.1, 0.2), 1),
    ],
)
def test_the_width_of_an_interval_shrinks_with_the_root_of_the_number_of_pairs(
    interval: Interval, more: int | None
) -> None:
    assert more_to_decide(100, interval) == more
