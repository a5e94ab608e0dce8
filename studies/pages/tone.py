"""The tone study page, which compares each published claim with our result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.records import canonical, plain
from evaluation.advice import Rivals, advise, best_arm
from evaluation.arms import (
    DIFFERENCES_NOTE,
    ArmSummary,
    Difference,
    MeasuredArm,
    average_arms,
    compare_arms,
    reading_ease_sweep,
    summarise,
)
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Axis, Caption, Figure, Row, Series, point_row
from evaluation.pages.figures import reading_ease_figure, similarity_figure, target_figure
from evaluation.pages.page import (
    Page,
    Section,
    Table,
    number,
    number_cell,
    percent_cell,
    share_cell,
)
from evaluation.pages.plots import line_figure
from evaluation.statistics import Outcome, outcome, over_seeds, paired_bootstrap
from evaluation.verdict import content_sentence, points
from studies.pages.finetune_api import finetune_claim, finetune_facts, finetune_section
from studies.pages.ladder import skipped_notes
from studies.pages.published import published
from studies.strategies import SHORT
from studies.tone import CellResult, ToneResult


@dataclass(frozen=True)
class GridPoint:
    """The results for one training set size and precision, averaged over the seeds."""

    size: int
    precision: str
    arm: MeasuredArm
    by_seed: tuple[tuple[int, MeasuredArm], ...]
    prompted: MeasuredArm | None


class _Report:
    """A builder that creates the parts of the page from a study result."""

    def __init__(self, result: ToneResult) -> None:
        self.result, self.study, self.ladder = result, result.study, result.ladder
        self.target = result.task.criterion.feature
        self.grid = list(_grid_points(result))
        largest = max(point.size for point in self.grid)
        self.tuned = next(point.arm for point in self.grid if point.size == largest)
        """The results for the largest training set in the first precision."""
        self.summaries = [self.summary(arm) for arm in self.ladder.arms]
        pairs = [(self.tuned.name, arm.name) for arm in self.ladder.arms]
        arms, features = [self.tuned, *self.ladder.arms], (self.target, SIMILARITY)
        self.differences = compare_arms(arms, pairs, features)

    def summary(self, arm: MeasuredArm) -> ArmSummary:
        return summarise(arm, self.target)

    def rate(self, arm: MeasuredArm | None) -> str:
        return share_cell(self.summary(arm).target if arm else None)

    def rows(self, arms: Sequence[tuple[str, float, MeasuredArm]]) -> list[Row]:
        """Convert rates to rows for a line chart, each with a series label and an x value."""
        return [
            point_row(label, x, rate)
            for label, x, arm in arms
            if (rate := self.summary(arm).target)
        ]

    def claims(self) -> list[tuple[str, str]]:
        return [
            ("Tuning meets the target more often than prompting", self._tuning_claim()),
            ("100 examples suffice", self._hundred_claim()),
            ("Content is kept", self._content_claim()),
            ("int8 converges faster", self._speed_claim()),
            ("A provider’s models gain from tuning, too", finetune_claim(self.result)),
        ]

    def _tuning_claim(self) -> str:
        best = best_arm(self.summaries)
        if best is None:
            return "No prompting strategy was measured."
        tuned = self.summary(self.tuned)
        rivals = Rivals.of(tuned, best, self.differences, self.target.name)
        return advise(rivals, self.study.margin).sentence

    def _hundred_claim(self) -> str:
        rates = (self.summary(point.arm).target for point in self.grid if point.size == 100)
        rate = next(rates, None)
        if rate is None:
            return "This grid includes no training runs on 100 examples."
        conclusion = {
            Outcome.HIGHER: "Training on 100 examples reaches more than 90 %",
            Outcome.LOWER: "Training on 100 examples doesn’t reach 90 %",
            Outcome.UNDECIDED: "It is undecided whether training on 100 examples reaches 90 %",
        }[outcome(rate, 0.9)]
        return f"{conclusion}: {share_cell(rate)}."

    def _content_claim(self) -> str:
        changes = (
            d for d in self.differences if d.second == SHORT and d.feature.name == SIMILARITY.name
        )
        sentence = content_sentence(next(changes, None), self.study.margin)
        return f"Against the short prompt, {sentence[0].lower()}{sentence[1:]}"

    def _speed_claim(self) -> str:
        """Compare int8 with the first precision, using the mean paired difference of all steps."""
        first = self.study.precisions[0]
        ours, int8 = (self._curve_means(precision) for precision in (first, "int8"))
        common = sorted(set(ours) & set(int8))
        if first == "int8" or len(common) < 2:
            return "This grid doesn’t include curves for both int8 and another precision."
        gap = paired_bootstrap([int8[p] for p in common], [ours[p] for p in common])
        conclusion = {
            Outcome.HIGHER: f"int8 is ahead of {first} during training",
            Outcome.LOWER: f"int8 is behind {first} during training",
            Outcome.UNDECIDED: f"It is undecided whether int8 is faster than {first}",
        }[outcome(gap)]
        return f"{conclusion}: {points(gap)} on average over the steps of the curve."

    def _curve_means(self, precision: str) -> dict[str, float]:
        """Return each prompt's rate for one precision, averaged over all steps and seeds."""
        values: dict[str, list[float]] = {}
        for result in self.result.cells:
            if result.cell.precision == precision:
                for row in (row for _, arm in result.curve for row in arm.outputs):
                    values.setdefault(row.prompt, []).append(row.measures[self.target.name])
        return {prompt: sum(each) / len(each) for prompt, each in values.items()}

    def size_section(self) -> Section:
        lines = [(p.precision, p.size, p.arm) for p in self.grid]
        lines += [(f"{p.precision}, prompted", p.size, p.prompted) for p in self.grid if p.prompted]
        caption = Caption(
            "sizes",
            f"Share of held-out answers that are {self.target.label.lower()} by the number of "
            "training examples, with 95 % intervals over prompts.",
        )
        cells = tuple(
            (
                str(point.size),
                point.precision,
                self.rate(point.arm),
                ", ".join(f"{s}: {percent_cell(self.summary(a).target)}" for s, a in point.by_seed),
                self._over_seeds(point),
                self.rate(point.prompted),
            )
            for point in self.grid
        )
        columns = ("Examples", "Precision", self.target.label, "By seed", "Over seeds", "Prompted")
        steps = max(len(result.facts["losses"]) for result in self.result.cells)
        return Section(
            "How much data",
            (
                self.target.description,
                f"Each model is {self.result.training.base}, trained for {steps} steps.",
            ),
            _line_figures(caption, self.rows(lines), Axis("Training examples", ",.0f", log=True)),
            (Table("", columns, cells),),
        )

    def _over_seeds(self, point: GridPoint) -> str:
        """Return the interval over seeds, which shows how much training runs vary."""
        if len(point.by_seed) < 2:
            return "–"
        return share_cell(
            over_seeds({seed: arm.values(self.target.name) for seed, arm in point.by_seed})
        )

    def curve_section(self) -> Section:
        curves: dict[tuple[str, int], list[MeasuredArm]] = {}
        for result in self.result.cells:
            for step, arm in result.curve:
                curves.setdefault((result.cell.precision, step), []).append(arm)
        lines = [
            (precision, step, average_arms(arms, precision, precision))
            for (precision, step), arms in curves.items()
        ]
        caption = Caption(
            "convergence",
            f"Share of answers that are {self.target.label.lower()} by number of training steps on "
            f"{max(self.study.sizes)} examples, with 95 % intervals over prompts.",
        )
        return Section(
            "How fast",
            ("The adapter was saved at fixed steps and answered the same prompts each time.",),
            _line_figures(caption, self.rows(lines), Axis("Optimiser step", ",.0f")),
            missing_note="The study has no convergence curve because `curve_every` is 0.",
        )

    def strategy_section(self) -> Section:
        figure = target_figure([*self.summaries, self.summary(self.tuned)], self.target)
        labels = {arm.name: arm.label for arm in self.ladder.arms}
        rows = tuple(
            (labels[d.second], d.feature.label, _gap(d), number(d.p, 3), d.outcome.value)
            for d in self.differences
        )
        columns = (f"{self.tuned.label} against", "Measure", "Difference", "p (Holm)", "Outcome")
        note = "All prompting strategies use the base model and the same prompts."
        return Section(
            "Prompting or tuning",
            (note, *skipped_notes(self.ladder)),
            (figure,) if figure else (),
            (Table(DIFFERENCES_NOTE, columns, rows),),
        )

    def content_section(self) -> Section:
        tuned = [self.summary(point.arm) for point in self.grid]
        figure = similarity_figure([*self.summaries, *tuned], None, None)
        return Section(
            "Content",
            ("The figure shows how similar the answers are to the plain references.",),
            (figure,) if figure else (),
            missing_note="The prompts have no plain references.",
        )

    def reading_ease_section(self) -> Section:
        arms = (*self.ladder.arms, self.tuned)
        summaries = [*self.summaries, self.summary(self.tuned)]
        figure = reading_ease_figure(summaries, reading_ease_sweep(arms))
        return Section(
            "The published measure",
            ("The figure covers every threshold, because the published study doesn’t name one.",),
            (figure,) if figure else (),
        )

    def limits_section(self) -> Section:
        also_prompted = " and with it." if self.study.prompted_too else "."
        return Section(
            "Limits of this study",
            (
                "This study reconstructs the published protocol but isn’t a replication, because "
                "the authors don’t publish their prompts, threshold, LoRA settings or evaluation "
                "prompts.",
                "Short sentences alone satisfy the published measure. Ours requires several signs "
                "and reports reading ease separately.",
                "The authors give the system prompt to both the tuned and the base model. Here, "
                f"the tuned model answers without it{also_prompted}",
                "Examples and held-out prompts come from different articles.",
                f"Rates over {len(self.study.seeds)} seed(s) are means over prompts. Their "
                "intervals cover variation between prompts, and the intervals over seeds cover "
                "variation between training runs.",
            ),
        )


def tone_page(result: ToneResult, subject: str, notice: str, written_at: str) -> Page:
    """Build the page for a tone study; `notice` says who reviewed the examples."""
    report = _Report(result)
    claims = report.claims()
    return Page(
        eyebrow=f"Study of a tone · {subject}",
        title=f"{result.study.campaign}: how much data, in which precision",
        verdict=" ".join(sentence for _, sentence in claims[:2]),
        notice=notice,
        written_at=written_at,
        sections=(
            _claim_section(claims),
            report.size_section(),
            report.curve_section(),
            report.strategy_section(),
            finetune_section(result),
            report.content_section(),
            report.reading_ease_section(),
            report.limits_section(),
            Section("Configuration", texts=tuple(_configuration(result))),
        ),
    )


def _grid_points(result: ToneResult) -> Iterator[GridPoint]:
    """Yield the points of the grid in order."""
    cells: dict[tuple[int, str], list[CellResult]] = {}
    for each in result.cells:
        cells.setdefault((each.cell.size, each.cell.precision), []).append(each)
    for (size, precision), results in cells.items():
        name, label = f"tuned-{precision}-{size}", f"Tuned on {size}, {precision}"
        prompted = [each.prompted for each in results if each.prompted]
        yield GridPoint(
            size,
            precision,
            average_arms([each.bare for each in results], name, label),
            tuple((each.cell.seed, each.bare) for each in results),
            average_arms(prompted, f"{name}-prompted", f"{label}, prompted") if prompted else None,
        )


def _claim_section(claims: Sequence[tuple[str, str]]) -> Section:
    ours = Table(
        "The claims of the published study, with our results.",
        ("Their claim", "Our result"),
        tuple(claims),
    )
    theirs = Table(
        "The published numbers come from different models and data, and depend on an unpublished "
        "threshold for reading ease. Don’t compare individual numbers with ours.",
        ("Quantity", "Published (theirs)", "Where"),
        published("tone"),
    )
    return Section("The claims", tables=(ours, theirs))


def _line_figures(caption: Caption, rows: Sequence[Row], x_axis: Axis) -> tuple[Figure, ...]:
    if len({row["x"] for row in rows}) < 2:
        return ()
    series = Series(tuple(dict.fromkeys(str(row["arm"]) for row in rows)))
    return (line_figure(caption, rows, series, x_axis, Axis("Share of answers", ".0%", (0, 1))),)


def _gap(difference: Difference) -> str:
    interval = difference.interval
    return points(interval) if difference.feature.share else number_cell(interval, 3)


def _configuration(result: ToneResult) -> Iterator[tuple[str, str]]:
    yield "Study", canonical(plain(result.study))
    yield "Training", result.training.canonical
    lines = (
        f"{each.cell.label}: {each.facts['seconds']:.0f} s, {each.facts['tokens']} tokens, "
        f"{each.facts['precision']} on {each.facts['device']}, "
        f"last loss {each.facts['losses'][-1]:.3f}"
        for each in result.cells
    )
    yield "Trainings", "\n".join(lines)
    if result.providers:
        yield "Fine-tuning jobs", finetune_facts(result.providers)
