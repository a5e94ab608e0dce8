"""The page of a prompting ladder: the advice, then the gains and costs of each strategy."""

from dataclasses import dataclass

from evaluation.advice import Advice, Rivals, advise, best_arm, break_even, knowledge_notice
from evaluation.arms import DIFFERENCES_NOTE, ArmSummary, Difference, compare_arms, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Axis, Caption, Figure, point_row
from evaluation.pages.figures import arm_series, similarity_figure, target_figure
from evaluation.pages.page import Page, Section, Table, number, number_cell, share_cell, signed
from evaluation.pages.plots import scatter_figure
from evaluation.verdict import points
from studies.config import LadderConfig
from studies.ladder import Ladder, StrategyResult
from studies.strategies import PromptingTask, passage_of


@dataclass(frozen=True)
class TuningCost:
    """The cost of tuning: the training time in seconds, and the number of reviews by people."""

    seconds: float = 0.0
    reviews: int = 0


@dataclass(frozen=True)
class LadderRun:
    """A finished prompting ladder, with its task, its configuration and the cost of tuning."""

    ladder: Ladder
    task: PromptingTask
    config: LadderConfig
    tuning: TuningCost

    @property
    def tuning_usd(self) -> float:
        """The up-front cost of tuning in US dollars, excluding the cost of any answers."""
        prices = self.config.prices
        machine = self.tuning.seconds / 3600 * prices.machine_hour
        return machine + self.tuning.reviews * prices.review


@dataclass(frozen=True)
class Findings:
    """The conclusions from a prompting ladder.

    `differences` contains the comparisons of the best tuned arm with every prompted arm. `tuned` is
    the best strategy with a tuned model, and `prompted` is the best one without tuning.
    `break_even` is the number of answers after which tuning pays off.
    """

    summaries: tuple[ArmSummary, ...]
    differences: tuple[Difference, ...]
    advice: Advice | None
    tuned: StrategyResult | None
    prompted: StrategyResult | None
    break_even: int | None
    notice: str


def ladder_findings(run: LadderRun) -> Findings:
    """Compare the best tuned arm with every prompted arm, as one family of comparisons (Holm)."""
    ladder, criterion = run.ladder, run.task.criterion
    summaries = tuple(
        summarise(arm, criterion.feature, criterion.part_features) for arm in ladder.arms
    )
    is_tuned = {result.strategy.name: result.strategy.is_tuned for result in ladder.results}
    tuned = best_arm([s for s in summaries if is_tuned[s.name]])
    prompted = best_arm([s for s in summaries if not is_tuned[s.name]])
    pairs = [(tuned.name, s.name) for s in summaries if not is_tuned[s.name]] if tuned else []
    differences = compare_arms(ladder.arms, pairs, (criterion.feature, SIMILARITY))
    best, prompts = best_arm(summaries), run.task.prompts
    grounded = sum(bool(passage_of(prompt)) for prompt in prompts) / len(prompts)
    high = ladder.result(tuned.name) if tuned else None
    low = ladder.result(prompted.name) if prompted else None
    return Findings(
        summaries,
        differences,
        advise(Rivals.of(tuned, prompted, differences, criterion.feature.name))
        if tuned and prompted
        else None,
        high,
        low,
        break_even(run.tuning_usd, low.usage.cost, high.usage.cost) if high and low else None,
        knowledge_notice(best, grounded) if best else "",
    )


def ladder_page(run: LadderRun, title: str, subject: str, written_at: str) -> Page:
    """Build the page for a prompting ladder."""
    findings = ladder_findings(run)
    return Page(
        eyebrow=f"Prompt or tune? · {subject}",
        title=title,
        verdict=findings.advice.sentence
        if findings.advice
        else "There is no tuned model to compare.",
        notice=findings.notice,
        written_at=written_at,
        sections=(_quality(run, findings), _differences(findings), _costs(run, findings)),
    )


def skipped_notes(ladder: Ladder) -> list[str]:
    """List the skipped strategies, with the reason why each one was skipped."""
    return [
        f"“{label}” was skipped: {reason.removesuffix('.')}."
        for label, reason in ladder.skipped.items()
    ]


def _quality(run: LadderRun, findings: Findings) -> Section:
    feature = run.task.criterion.feature
    figures = (
        target_figure(findings.summaries, feature),
        similarity_figure(findings.summaries, None, None),
    )
    rows = tuple(
        (s.label, s.description, share_cell(s.target), _similarity(s), str(s.n))
        for s in findings.summaries
    )
    columns = ("Strategy", "What the model receives", feature.label, "Similarity", "Answers")
    return Section(
        "Quality",
        (feature.description, *skipped_notes(run.ladder)),
        tuple(figure for figure in figures if figure),
        (Table("Rates and means with 95 % intervals.", columns, rows),),
    )


def _similarity(summary: ArmSummary) -> str:
    return next(number_cell(mean.value) for mean in summary.content if mean.feature is SIMILARITY)


def _differences(findings: Findings) -> Section:
    labels = {s.name: s.label for s in findings.summaries}
    rows = tuple(
        (
            f"{labels[d.first]} against {labels[d.second]}",
            d.feature.label,
            points(d.interval) if d.feature.share else number_cell(d.interval, 3),
            signed(d.effect),
            "<0.001" if d.p < 0.001 else number(d.p, 3),
            d.outcome.value,
        )
        for d in findings.differences
    )
    columns = ("Compared", "Measure", "Difference", "Cliff’s delta", "p (Holm)", "Outcome")
    return Section(
        "The tuned model against each prompting strategy",
        tables=(Table(DIFFERENCES_NOTE, columns, rows),) if rows else (),
        missing_note="No tuned model has answered the prompts, so there is nothing to compare.",
    )


def _costs(run: LadderRun, findings: Findings) -> Section:
    prices, volume = run.config.prices, run.config.prices.volume
    rows = tuple(
        (
            result.strategy.label,
            number(result.usage.input_tokens, 0),
            number(result.usage.output_tokens, 0),
            number(result.usage.seconds),
            number(1_000 * result.usage.cost, 4),
            number(
                volume * result.usage.cost + (run.tuning_usd if result.strategy.is_tuned else 0.0)
            ),
        )
        for result in run.ladder.results
    )
    dollars = ("US dollars for 1,000 answers", f"for {volume:,} answers, including training")
    columns = ("Strategy", "Input tokens", "Output tokens", "Seconds", *dollars)
    notes = (
        f"Prices in US dollars: {prices.machine_hour:g} per machine-hour, {prices.input_million:g} "
        f"per million input tokens, {prices.output_million:g} per million output tokens, "
        f"{prices.review:g} per review. You can set your own prices in the configuration. Seconds "
        "are per answer, measured in batches on this machine, which may have been busy.",
        _break_even_sentence(run, findings),
    )
    return Section("Cost", notes, _cost_figures(run, findings), (Table("", columns, rows),))


def _break_even_sentence(run: LadderRun, findings: Findings) -> str:
    cost = f"Tuning cost {number(run.tuning_usd, 4)} US dollars up front"
    if not findings.tuned or not findings.prompted:
        return (
            f"{cost}. The break-even point is unknown, because tuning or prompting wasn’t measured."
        )
    tuned, prompted = findings.tuned.strategy.label, findings.prompted.strategy.label
    if findings.break_even is None:
        return f"{cost}. “{tuned}” isn’t cheaper than “{prompted}”, so it never breaks even."
    answers = f"{findings.break_even:,} answers"
    return f"{cost}. “{tuned}” breaks even with “{prompted}” after {answers}."


def _cost_figures(run: LadderRun, findings: Findings) -> tuple[Figure, ...]:
    rates = {s.name: s.target for s in findings.summaries}
    rows = [
        point_row(result.strategy.label, 1_000 * result.usage.cost, rate)
        for result in run.ladder.results
        if (rate := rates[result.strategy.name])
    ]
    if not rows:
        return ()
    label = run.task.criterion.feature.label.lower()
    caption = Caption(
        "cost", f"Share of answers that are {label}, against the cost of 1,000 answers."
    )
    x_axis = Axis("US dollars for 1,000 answers", ".3~g")
    y_axis = Axis("Share of answers", ".0%", (0.0, 1.0))
    return (scatter_figure(caption, rows, arm_series(findings.summaries), x_axis, y_axis),)
