from dataclasses import replace

import pytest

from db.records import Interval
from evaluation.arms import (
    MeasuredArm,
    MeasuredOutput,
    arm_table,
    compare_arms,
    reading_ease_sweep,
    summarise,
)
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.preferences import Preferences, WinRate
from evaluation.statistics import Outcome
from evaluation.verdict import Evidence, percent, points, review_notice, verdict
from tests.evaluation.samples import arms


def arm(name: str, rates: list[float], similarities: list[float] | None = None) -> MeasuredArm:
    close = similarities or [0.8] * len(rates)
    rows = (
        MeasuredOutput(f"p{i}", {"conversational": rate, "similarity": close[i]})
        for i, rate in enumerate(rates)
    )
    return MeasuredArm(name, name.capitalize(), "", tuple(rows))


def evidence(
    tuned: MeasuredArm, baseline: MeasuredArm, preferences: Preferences | None = None
) -> Evidence:
    result = compare_arms([tuned, baseline], [(tuned.name, baseline.name)])
    return Evidence(summarise(tuned), summarise(baseline), result, preferences)


def test_a_summary_has_a_rate_and_every_feature() -> None:
    result = summarise(arms()[2])
    assert result.target is not None
    assert (result.n, result.articles, result.target.estimate) == (8, 4, 1.0)
    assert all(mean.value and mean.n == 8 for mean in (*result.tone, *result.content))
    assert result.seconds == pytest.approx(0.4)
    assert result.tokens == 24


def test_an_arm_without_outputs_has_no_means() -> None:
    result = summarise(MeasuredArm("tuned", "Tuned", ""))
    assert result.target is None
    assert all(mean.value is None for mean in (*result.tone, *result.content))
    assert result.seconds is None


def test_arms_are_compared_on_common_prompts() -> None:
    tuned, base = arm("tuned", [1, 1, 1, 1, 1, 1]), arm("base", [0, 0, 0, 0])
    result = compare_arms([tuned, base], [("tuned", "base")])[0]
    assert (result.n, result.interval.estimate) == (4, 1.0)
    assert result.outcome is Outcome.HIGHER
    alone = MeasuredArm(
        "other", "Other", "", (MeasuredOutput("elsewhere", {"conversational": 1.0}),)
    )
    assert compare_arms([tuned, alone], [("tuned", "other")]) == ()


def test_p_values_are_adjusted_for_all_comparisons() -> None:
    tuned, base, other = (arm(n, [x] * 8) for n, x in (("t", 1.0), ("b", 0.0), ("o", 0.0)))
    alone = compare_arms([tuned, base], [("t", "b")], [CONVERSATIONAL])[0]
    family = compare_arms([tuned, base, other], [("t", "b"), ("t", "o")], [CONVERSATIONAL])
    assert family[0].p == pytest.approx(2 * alone.p)


def test_shares_between_0_and_1_are_compared_by_their_means() -> None:
    halves = arm("halves", [0.5, 0.5, 1.0, 0.5])
    result = compare_arms([halves, arm("base", [0.0] * 4)], [("halves", "base")], [CONVERSATIONAL])
    assert result[0].interval.estimate == pytest.approx(0.625)


def test_the_sweep_falls_with_the_threshold() -> None:
    points_of = [p.rate.estimate for p in reading_ease_sweep(arms()) if p.arm == "tuned"]
    assert len(points_of) == 11
    assert points_of == sorted(points_of, reverse=True)


def test_the_verdict_reports_a_gain_with_kept_content() -> None:
    sentence = verdict(evidence(arm("tuned", [1] * 20), arm("base", [0] * 20)))
    assert sentence.startswith("Fine-tuning moved the model towards the target.")
    assert "100 % of 20 held-out answers are conversational" in sentence
    assert "The content was kept" in sentence


def test_the_verdict_is_undecided_if_the_interval_contains_0() -> None:
    sentence = verdict(evidence(arm("tuned", [1, 0] * 4), arm("base", [0, 1, 0, 0] * 2)))
    assert sentence.startswith("Undecided")


def test_the_verdict_reports_a_loss_of_tone_and_content() -> None:
    worse = arm("tuned", [0] * 20, [0.5] * 20)
    sentence = verdict(evidence(worse, arm("base", [1] * 20)))
    assert "away from the target" in sentence
    assert "The content was lost" in sentence


def test_content_within_the_margin_is_undecided() -> None:
    mixed = arm("tuned", [1] * 20, [0.7, 0.82] * 10)
    assert "It is undecided whether the content was kept" in verdict(
        evidence(mixed, arm("base", [0] * 20))
    )


def test_the_verdict_states_the_win_rate_of_the_tuned_arm() -> None:
    record = WinRate("base", "tuned", 2, 18, 0, 20, Interval(0.03, 0.1, 0.3))
    cast = Preferences(20, ("person",), (record,), (), Interval(0.4, 0.5, 0.6))
    tuned, base = arm("tuned", [1] * 20), arm("base", [0] * 20)
    sentence = verdict(evidence(tuned, base, cast))
    assert "The reviewers preferred the fine-tuned model: “Tuned” won 90 % of 20" in sentence
    assert "(70 % to 97 %)" in sentence
    by_rule = verdict(evidence(tuned, base, replace(cast, kinds=("rule",))))
    assert "The written rules preferred" in by_rule


def test_there_is_no_verdict_without_measures() -> None:
    empty = summarise(MeasuredArm("tuned", "Tuned", ""))
    assert verdict(Evidence(None)).startswith("There is no verdict yet")
    assert verdict(Evidence(empty)).startswith("There is no verdict yet")
    alone = verdict(Evidence(summarise(arm("tuned", [1] * 5))))
    assert alone.endswith("There is no other arm to compare it with.")


def test_reviews_by_rules_are_announced() -> None:
    assert review_notice(["rule"]).startswith("Every review was made by a written rule")
    assert review_notice(["rule", "person"]).startswith("Some reviews were made by a written rule")
    assert review_notice(["person"]) == review_notice([]) == ""


def test_percentages_never_round_to_0_or_100() -> None:
    shares = [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shares == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]
    assert points(Interval(-0.1, 0.02, 0.1)) == "+2 points (−10 to +10)"


def test_an_arm_table_has_the_rate_and_the_mean_rating_of_each_measured_arm() -> None:
    rating = Feature("judge.calm", "Calm", "")
    rows = (MeasuredOutput("p", {"conversational": 1.0, "judge.calm": 4.0}),)
    measured = MeasuredArm("tuned", "Tuned", "", rows)
    table = arm_table([measured, arm("base", [0.0]), arm("empty", [])], CONVERSATIONAL, [rating])
    assert table.columns == ("arm", "answers", "conversational", "low", "high", "judge.calm")
    assert table.rows == (
        ("Tuned", 1, "1.000", "0.207", "1.000", "4.00"),
        ("Base", 1, "0.000", "0.000", "0.793", "–"),
    )
