from dataclasses import replace

import pytest

from db.records import Interval
from evaluation.arms import (
    CONVERSATIONAL,
    MeasuredArm,
    MeasuredOutput,
    compare_arms,
    reading_ease_sweep,
    summarise,
)
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
    found = compare_arms([tuned, baseline], [(tuned.name, baseline.name)])
    return Evidence(summarise(tuned), summarise(baseline), found, preferences)


def test_a_summary_has_a_rate_and_every_feature() -> None:
    found = summarise(arms()[2])
    assert found.target is not None
    assert (found.n, found.articles, found.target.estimate) == (8, 4, 1.0)
    assert all(mean.value and mean.n == 8 for mean in (*found.tone, *found.content))
    assert found.seconds == pytest.approx(0.4)
    assert found.tokens == 24


def test_an_arm_without_outputs_has_no_figures_rather_than_zeros() -> None:
    found = summarise(MeasuredArm("tuned", "Tuned", ""))
    assert found.target is None
    assert all(mean.value is None for mean in (*found.tone, *found.content))
    assert found.seconds is None


def test_arms_are_compared_on_the_prompts_that_both_answered() -> None:
    tuned, base = arm("tuned", [1, 1, 1, 1, 1, 1]), arm("base", [0, 0, 0, 0])
    found = compare_arms([tuned, base], [("tuned", "base")])[0]
    assert (found.n, found.interval.estimate) == (4, 1.0)
    assert found.outcome is Outcome.HIGHER
    alone = MeasuredArm(
        "other", "Other", "", (MeasuredOutput("elsewhere", {"conversational": 1.0}),)
    )
    assert compare_arms([tuned, alone], [("tuned", "other")]) == ()


def test_p_values_are_adjusted_over_all_that_was_compared() -> None:
    tuned, base, other = (arm(n, [x] * 8) for n, x in (("t", 1.0), ("b", 0.0), ("o", 0.0)))
    alone = compare_arms([tuned, base], [("t", "b")], [CONVERSATIONAL])[0]
    family = compare_arms([tuned, base, other], [("t", "b"), ("t", "o")], [CONVERSATIONAL])
    assert family[0].p == pytest.approx(2 * alone.p)


def test_shares_that_are_not_yes_or_no_are_compared_by_their_means() -> None:
    halves = arm("halves", [0.5, 0.5, 1.0, 0.5])
    found = compare_arms([halves, arm("base", [0.0] * 4)], [("halves", "base")], [CONVERSATIONAL])
    assert found[0].interval.estimate == pytest.approx(0.625)


def test_the_sweep_falls_from_easy_to_hard_thresholds() -> None:
    points_of = [p.rate.estimate for p in reading_ease_sweep(arms()) if p.arm == "tuned"]
    assert len(points_of) == 11
    assert points_of == sorted(points_of, reverse=True)


def test_the_verdict_says_that_tuning_reached_the_target_and_kept_the_content() -> None:
    said = verdict(evidence(arm("tuned", [1] * 20), arm("base", [0] * 20)))
    assert said.startswith("Fine-tuning moved the model to the target.")
    assert "100 % of 20 held-out answers are conversational" in said
    assert "The content was kept" in said


def test_the_verdict_is_undecided_when_the_interval_crosses_nothing() -> None:
    said = verdict(evidence(arm("tuned", [1, 0] * 4), arm("base", [0, 1, 0, 0] * 2)))
    assert said.startswith("Undecided")


def test_the_verdict_tells_a_loss_of_tone_and_of_content() -> None:
    worse = arm("tuned", [0] * 20, [0.5] * 20)
    said = verdict(evidence(worse, arm("base", [1] * 20)))
    assert "away from the target" in said
    assert "The content suffered" in said


def test_content_between_kept_and_lost_is_undecided() -> None:
    mixed = arm("tuned", [1] * 20, [0.7, 0.82] * 10)
    assert "kept is undecided" in verdict(evidence(mixed, arm("base", [0] * 20)))


def test_the_verdict_turns_a_win_rate_to_the_tuned_arms_side() -> None:
    record = WinRate("base", "tuned", 2, 18, 0, 20, Interval(0.03, 0.1, 0.3))
    cast = Preferences(20, ("person",), (record,), (), Interval(0.4, 0.5, 0.6))
    tuned, base = arm("tuned", [1] * 20), arm("base", [0] * 20)
    said = verdict(evidence(tuned, base, cast))
    assert "The reviewers preferred its answers: “Tuned” won 90 % of 20" in said
    assert "(70 % to 97 %)" in said
    by_rule = verdict(evidence(tuned, base, replace(cast, kinds=("rule",))))
    assert "The written rules preferred" in by_rule


def test_the_verdict_claims_nothing_of_what_was_not_measured() -> None:
    empty = summarise(MeasuredArm("tuned", "Tuned", ""))
    assert verdict(Evidence(None)).startswith("Nothing can be said yet")
    assert verdict(Evidence(empty)).startswith("Nothing can be said yet")
    alone = verdict(Evidence(summarise(arm("tuned", [1] * 5))))
    assert alone.endswith("There is no other arm to compare it with.")


def test_reviews_by_rules_are_said_to_be() -> None:
    assert review_notice(["rule"]).startswith("Every review was made by a written rule")
    assert review_notice(["rule", "person"]).startswith("Some reviews were made by a written rule")
    assert review_notice(["person"]) == review_notice([]) == ""


def test_percentages_do_not_round_a_case_away() -> None:
    assert [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)] == [
        "0 %", "<1 %", "50 %", ">99 %", "100 %",
    ]  # fmt: skip
    assert points(Interval(-0.1, 0.02, 0.1)) == "+2 points (−10 to +10)"
