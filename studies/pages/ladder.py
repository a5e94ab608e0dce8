"""The ladder as a page: the advice first, then what each way gains and what it costs."""

from dataclasses import dataclass

from evaluation.advice import (
    Advice,
    Rivals,
    advise,
    best_arm,
    break_even,
    knowledge_notice,
)
from evaluation.arms import DIFFERENCES_NOTE, ArmSummary, Difference, compare_arms, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Axis, Caption, Figure, Row
from evaluation.pages.figures import arm_series, similarity_figure, target_figure
from evaluation.pages.grid_charts import scatter_figure
from evaluation.pages.page import Page, Section, Table, number, number_cell, share_cell, signed
from evaluation.verdict import points
from studies.costs import passage_of
from studies.ladder import Ladder, LadderConfig, PromptingTask, StrategyResult


@dataclass(frozen=True)
class Training:
    """What tuning took: seconds of training, and reviews by people."""

    seconds: float = 0.0
    reviews: int = 0


@dataclass(frozen=True)
class LadderRun:
    """A ladder with what it was asked, how, and what tuning took."""

    ladder: Ladder
    asked: PromptingTask
    config: LadderConfig
    training: Training


@dataclass(frozen=True)
class Findings:
    """What a ladder comes to: summaries of its arms, every difference to tuning, the advice."""

    summaries: tuple[ArmSummary, ...]
    differences: tuple[Difference, ...]
    advice: Advice | None
    tuned: StrategyResult | None
    prompted: StrategyResult | None
    volume: int | None
    notice: str


def findings(climbed: LadderRun) -> Findings:
    """The tuned way that does best against every way of prompting, as one family (Holm)."""
    ladder, aim = climbed.ladder, climbed.asked.aim
    arms = [rung.arm for rung in ladder.rungs]
    summaries = tuple(summarise(arm, aim.feature, aim.trait_features) for arm in arms)
    is_tuned = {rung.way.name: rung.way.tuned for rung in ladder.rungs}
    tuned = best_arm([s for s in summaries if is_tuned[s.name]])
    prompted = best_arm([s for s in summaries if not is_tuned[s.name]])
    others = [name for name, adapted in is_tuned.items() if not adapted]
    pairs = [(tuned.name, name) for name in others] if tuned else []
    found = compare_arms(arms, pairs, (aim.feature, SIMILARITY))
    best = best_arm(summaries)
    grounded = sum(bool(passage_of(p)) for p in climbed.asked.prompts) / len(climbed.asked.prompts)
    high = ladder.rung(tuned.name) if tuned else None
    low = ladder.rung(prompted.name) if prompted else None
    return Findings(
        summaries,
        found,
        advise(_rivals(tuned, prompted, found, aim.feature.name)) if tuned and prompted else None,
        high,
        low,
        break_even(_fixed(climbed), low.usage.cost, high.usage.cost) if high and low else None,
        knowledge_notice(best, grounded) if best else "",
    )


def _rivals(
    tuned: ArmSummary, prompted: ArmSummary, found: tuple[Difference, ...], target: str
) -> Rivals:
    against = {d.feature.name: d for d in found if d.second == prompted.name}
    return Rivals(tuned, prompted, against.get(target), against.get("similarity"))


def _fixed(climbed: LadderRun) -> float:
    prices, took = climbed.config.prices, climbed.training
    return took.seconds / 3600 * prices.machine_hour + took.reviews * prices.review


def ladder_page(climbed: LadderRun, title: str, subject: str, written_at: str) -> Page:
    """The page of a ladder."""
    found = findings(climbed)
    said = found.advice.sentence if found.advice else "There is no tuned model to compare with."
    return Page(
        eyebrow=f"Prompt or tune? · {subject}",
        title=title,
        verdict=said,
        notice=found.notice,
        written_at=written_at,
        sections=(_quality(climbed, found), _differences(found), _costs(climbed, found)),
    )


def _quality(climbed: LadderRun, found: Findings) -> Section:
    aim = climbed.asked.aim
    figures = (
        target_figure(found.summaries, aim.feature),
        similarity_figure(found.summaries, None, None),
    )
    rows = tuple(
        (s.label, s.description, share_cell(s.target), _mean(s, "similarity"), str(s.n))
        for s in found.summaries
    )
    columns = ("PromptingStrategy", "What is asked", aim.feature.label, "Similarity", "Answers")
    left_out = [f"“{label}” was left out: {why}." for label, why in climbed.ladder.left_out.items()]
    return Section(
        "Quality",
        (aim.feature.description, *left_out),
        tuple(figure for figure in figures if figure),
        (Table("Rates and means with 95 % intervals.", columns, rows),),
    )


def _mean(summary: ArmSummary, name: str) -> str:
    return next((number_cell(m.value) for m in summary.content if m.feature.name == name), "–")


def _differences(found: Findings) -> Section:
    labels = {s.name: s.label for s in found.summaries}
    rows = tuple(
        (
            f"{labels[d.first]} against {labels[d.second]}",
            d.feature.label,
            points(d.interval) if d.feature.share else number_cell(d.interval, 3),
            signed(d.effect),
            "<0.001" if d.p < 0.001 else number(d.p, 3),
            d.outcome.value,
        )
        for d in found.differences
    )
    columns = ("Compared", "Measure", "Difference", "Cliff’s delta", "p (Holm)", "Outcome")
    sheet = Table(DIFFERENCES_NOTE, columns, rows)
    return Section(
        "The tuned model against each way of prompting",
        tables=(sheet,) if rows else (),
        missing_note="No tuned model answered, so nothing is compared.",
    )


def _costs(climbed: LadderRun, found: Findings) -> Section:
    prices, volume = climbed.config.prices, climbed.config.prices.volume
    rows = tuple(
        (
            rung.way.label,
            number(rung.usage.read, 0),
            number(rung.usage.written, 0),
            number(rung.usage.seconds),
            number(1_000 * rung.usage.cost, 4),
            number(volume * rung.usage.cost + (_fixed(climbed) if rung.way.tuned else 0.0)),
        )
        for rung in climbed.ladder.rungs
    )
    columns = (
        "PromptingStrategy", "Tokens read", "Tokens written", "Seconds", "US dollars for 1,000 answers",
        f"US dollars for {volume:,} answers, training included",
    )  # fmt: skip
    notes = (
        f"A machine-hour at {prices.machine_hour:g}, a million tokens read at "
        f"{prices.input_million:g} and written at {prices.output_million:g}, a review at "
        f"{prices.review:g} US dollars; put your own prices into the configuration. Seconds are "
        "those of an answer in a batch, on this machine, as busy as it was.",
        _break_even_words(climbed, found),
    )
    return Section("Cost", notes, _cost_figures(climbed, found), (Table("", columns, rows),))


def _break_even_words(climbed: LadderRun, found: Findings) -> str:
    took = f"Tuning took {number(_fixed(climbed), 4)} US dollars beforehand"
    if not found.tuned or not found.prompted:
        return f"{took}; there is nothing to hold it against."
    pair = f"“{found.tuned.way.label}” and “{found.prompted.way.label}”"
    if found.volume is None:
        return f"{took} and its answers are not cheaper, so between {pair} it never breaks even."
    return f"{took}; between {pair} it breaks even after {found.volume:,} answers."


def _cost_figures(climbed: LadderRun, found: Findings) -> tuple[Figure, ...]:
    rates = {s.name: s.target for s in found.summaries}
    rows: list[Row] = [
        {
            "arm": rung.way.label,
            "x": 1_000 * rung.usage.cost,
            "y": rate.estimate,
            "low": rate.low,
            "high": rate.high,
        }
        for rung in climbed.ladder.rungs
        if (rate := rates[rung.way.name])
    ]
    if not rows:
        return ()
    label = climbed.asked.aim.feature.label.lower()
    caption = Caption("cost", f"Share of answers that are {label} against what 1,000 answers cost.")
    across = Axis("US dollars for 1,000 answers", ".3~g")
    up = Axis("Share of answers", ".0%", (0.0, 1.0))
    return (scatter_figure(caption, rows, arm_series(found.summaries), across, up),)
