"""The tone study as a page: each published claim with what was found, then the figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.records import Interval, canonical, plain
from evaluation.advice import Rivals, advise, best_arm
from evaluation.arms import (
    DIFFERENCES_NOTE,
    ArmSummary,
    Difference,
    MeasuredArm,
    compare_arms,
    reading_ease_sweep,
    summarise,
)
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Axis, Caption, Figure, Row, Series, line_figure
from evaluation.pages.figures import reading_ease_figure, similarity_figure, target_figure
from evaluation.pages.page import Page, Section, Table, number, number_cell, share_cell
from evaluation.statistics import Outcome, is_non_inferior, outcome, over_seeds, paired_bootstrap
from evaluation.verdict import percent, points
from studies.pages.finetune_api import hosted_claim, hosted_facts, hosted_section
from studies.tone import CellResult, ToneResult, average_arms

_SIMILARITY = SIMILARITY
_PUBLISHED = (
    ("Base with a system prompt, conversational", "45.6 % or 51 %", "two versions of their page"),
    ("Fine-tuned, conversational", "99.7 %", "their page"),
    ("Fine-tuned on 100 examples", "over 90 %", "reported by others"),
    ("Training in int8 against bfloat16", "converges faster", "their abstract"),
    ("Content", "not degraded", "their abstract; similarity without published figures"),
)


@dataclass(frozen=True)
class Averages:
    """A grid point over its seeds."""

    size: int
    precision: str
    arm: MeasuredArm
    by_seed: tuple[tuple[int, MeasuredArm], ...]
    prompted: MeasuredArm | None


def averages(result: ToneResult) -> list[Averages]:
    """The grid's points in their order."""
    found: dict[tuple[int, str], list[CellResult]] = {}
    for course in result.courses:
        found.setdefault((course.cell.size, course.cell.precision), []).append(course)
    points_found = []
    for (size, precision), courses in found.items():
        name, label = f"tuned-{precision}-{size}", f"Tuned on {size}, {precision}"
        told = [course.prompted for course in courses if course.prompted]
        prompted = average_arms(told, f"{name}-prompted", f"{label}, prompted") if told else None
        arm = average_arms([course.end for course in courses], name, label)
        seeds = tuple((course.cell.seed, course.end) for course in courses)
        points_found.append(Averages(size, precision, arm, seeds, prompted))
    return points_found


def tone_page(result: ToneResult, subject: str, notice: str, written_at: str) -> Page:
    """The page of a tone study; `notice` says who judged the examples."""
    grid = averages(result)
    claims = _claims(result, grid)
    return Page(
        eyebrow=f"Study of a tone · {subject}",
        title=f"{result.study.campaign}: how much data, in which precision",
        verdict=" ".join(said for _, said in claims[:2]),
        notice=notice,
        written_at=written_at,
        sections=(
            _claim_section(claims),
            _size_section(result, grid),
            _curve_section(result),
            _ways_section(result, grid),
            hosted_section(result),
            _content_section(result, grid),
            _counting_section(result, grid),
            _flaws(result),
            Section("Configuration", texts=tuple(_configuration(result))),
        ),
    )


def _rungs(result: ToneResult) -> list[MeasuredArm]:
    return [rung.arm for rung in result.ladder.rungs]


def _summary(result: ToneResult, arm: MeasuredArm) -> ArmSummary:
    return summarise(arm, result.asked.aim.feature)


def _largest(grid: Sequence[Averages]) -> Averages:
    """The largest size in the first precision."""
    size = max(point.size for point in grid)
    return next(point for point in grid if point.size == size)


def _claims(result: ToneResult, grid: Sequence[Averages]) -> list[tuple[str, str]]:
    return [
        ("Tuning meets the target more often than prompting", _tuning_claim(result, grid)),
        ("100 examples suffice", _hundred_claim(result, grid)),
        ("Content is kept", _content_claim(result, grid)),
        ("int8 converges faster", _speed_claim(result)),
        ("Models of a provider gain by tuning, too", hosted_claim(result)),
    ]


def _tuning_claim(result: ToneResult, grid: Sequence[Averages]) -> str:
    arms, tuned = _rungs(result), _largest(grid).arm
    best = best_arm([_summary(result, arm) for arm in arms])
    if best is None:
        return "No way of prompting was measured."
    found = _against(result, tuned, arms)
    rivals = Rivals(_summary(result, tuned), best, *_pair(found, best.name, result))
    return advise(rivals, result.study.margin).sentence


def _against(
    result: ToneResult, tuned: MeasuredArm, arms: Sequence[MeasuredArm]
) -> tuple[Difference, ...]:
    pairs = [(tuned.name, arm.name) for arm in arms]
    return compare_arms([tuned, *arms], pairs, (result.asked.aim.feature, _SIMILARITY))


def _pair(
    found: Sequence[Difference], against: str, result: ToneResult
) -> tuple[Difference | None, Difference | None]:
    by = {d.feature.name: d for d in found if d.second == against}
    return by.get(result.asked.aim.feature.name), by.get("similarity")


def _hundred_claim(result: ToneResult, grid: Sequence[Averages]) -> str:
    point = next((p for p in grid if p.size == 100), None)
    rate = _summary(result, point.arm).target if point else None
    if rate is None:
        return "No training on 100 examples is in this grid."
    said = {
        Outcome.HIGHER: "With 100 examples over 90 % is reached",
        Outcome.LOWER: "With 100 examples 90 % is not reached",
        Outcome.UNDECIDED: "Whether 100 examples reach 90 % is undecided",
    }[outcome(rate, 0.9)]
    return f"{said}: {share_cell(rate)}."


def _content_claim(result: ToneResult, grid: Sequence[Averages]) -> str:
    prompted = next((arm for arm in _rungs(result) if arm.name == "short"), None)
    found = _against(result, _largest(grid).arm, [prompted]) if prompted else ()
    change = next((d.interval for d in found if d.feature.name == "similarity"), None)
    if change is None:
        return "Similarity to the references was not measured."
    margin = result.study.margin
    said = "undecided"
    if is_non_inferior(change, margin):
        said = "kept"
    elif change.high < -margin:
        said = "lost"
    gap = f"{change.estimate:+.3f} ({change.low:+.3f} to {change.high:+.3f})".replace("-", "−")
    return (
        f"Against the short prompt, content is {said}: similarity changed by {gap}; the margin of "
        f"{margin:g} was set beforehand."
    )


def _speed_claim(result: ToneResult) -> str:
    """The mean over the curve's steps, int8 less the first precision, prompt by prompt."""
    first = result.study.precisions[0]
    ours, theirs = (_along(result, precision) for precision in (first, "int8"))
    common = sorted(set(ours) & set(theirs))
    if first == "int8" or len(common) < 2:
        return "No curves of int8 and of another precision are in this grid."
    gap = paired_bootstrap([theirs[p] for p in common], [ours[p] for p in common])
    said = {
        Outcome.HIGHER: f"int8 is ahead of {first} over the course of training",
        Outcome.LOWER: f"int8 is behind {first} over the course of training",
        Outcome.UNDECIDED: f"Whether int8 is faster than {first} is undecided",
    }[outcome(gap)]
    return f"{said}: {points(gap)} on the mean over the steps of the curve."


def _along(result: ToneResult, precision: str) -> dict[str, float]:
    """Each prompt's rate over all steps and seeds of a precision's curves."""
    held: dict[str, list[float]] = {}
    name = result.asked.aim.feature.name
    for course in result.courses:
        if course.cell.precision == precision:
            for _, arm in course.curve:
                for row in arm.outputs:
                    held.setdefault(row.prompt, []).append(row.measures[name])
    return {prompt: sum(values) / len(values) for prompt, values in held.items()}


def _claim_section(claims: Sequence[tuple[str, str]]) -> Section:
    ours = Table("Each claim of the published study, and what was found here.",
                 ("Their claim", "Found here"), tuple(claims))  # fmt: skip
    theirs = Table(
        "The published numbers, which are theirs: other models, other data, an unpublished "
        "threshold of reading ease as the measure. They are not comparable figure by figure.",
        ("Quantity", "Published (theirs)", "Where"),
        _PUBLISHED,
    )
    return Section("The claims", tables=(ours, theirs))


def _size_section(result: ToneResult, grid: Sequence[Averages]) -> Section:
    target = result.asked.aim.feature
    lines = [(point, point.precision, point.arm) for point in grid]
    lines += [(p, f"{p.precision}, prompted", p.prompted) for p in grid if p.prompted]
    rows: list[Row] = [
        {"arm": label, "x": point.size, "y": r.estimate, "low": r.low, "high": r.high}
        for point, label, arm in lines
        if (r := _summary(result, arm).target)
    ]
    caption = Caption(
        "sizes",
        f"Share of held-out answers that are {target.label.lower()} by the number of training "
        "examples, with 95 % intervals over prompts.",
    )
    across = Axis("Training examples", ",.0f", log=True)
    figure = _lines(caption, rows, across)
    cells = tuple(
        (
            str(point.size),
            point.precision,
            share_cell(_summary(result, point.arm).target),
            ", ".join(f"{seed}: {_rate(result, arm)}" for seed, arm in point.by_seed),
            _over_seeds(result, point),
            share_cell(_summary(result, point.prompted).target) if point.prompted else "–",
        )
        for point in grid
    )
    columns = ("Examples", "Precision", target.label, "By seed", "Over seeds",
               "With the short prompt")  # fmt: skip
    notes = (target.description, f"{result.training.base}, {_steps(result)} steps each.")
    return Section("How much data", notes, figure, (Table("", columns, cells),))


def _over_seeds(result: ToneResult, point: Averages) -> str:
    """The interval over seeds: the chance of training, of which two seeds show next to nothing."""
    if len(point.by_seed) < 2:
        return "–"
    name = result.asked.aim.feature.name
    found = {seed: [row.measures[name] for row in arm.outputs] for seed, arm in point.by_seed}
    return share_cell(over_seeds(found))


def _steps(result: ToneResult) -> int:
    return max(len(course.facts["losses"]) for course in result.courses)


def _rate(result: ToneResult, arm: MeasuredArm) -> str:
    found = _summary(result, arm).target
    return percent(found.estimate) if found else "–"


def _lines(caption: Caption, rows: Sequence[Row], across: Axis) -> tuple[Figure, ...]:
    if len({row["x"] for row in rows}) < 2:
        return ()
    series = Series(tuple(dict.fromkeys(str(row["arm"]) for row in rows)))
    return (line_figure(caption, rows, series, across, Axis("Share of answers", ".0%", (0, 1))),)


def _curve_section(result: ToneResult) -> Section:
    curves: dict[tuple[str, int], list[MeasuredArm]] = {}
    for course in result.courses:
        for step, arm in course.curve:
            curves.setdefault((course.cell.precision, step), []).append(arm)
    rows: list[Row] = [
        {"arm": precision, "x": step, "y": r.estimate, "low": r.low, "high": r.high}
        for (precision, step), arms in curves.items()
        if (r := _summary(result, average_arms(arms, precision, precision)).target)
    ]
    caption = Caption(
        "convergence",
        f"Share of answers that are {result.asked.aim.feature.label.lower()} after so many steps "
        f"of training on {max(result.study.sizes)} examples, with 95 % intervals over prompts.",
    )
    return Section(
        "How fast",
        ("The adapter was kept at fixed steps and asked the same prompts each time.",),
        _lines(caption, rows, Axis("Optimiser step", ",.0f")),
        missing_note="No curve was asked for (`curve_every` is 0).",
    )


def _ways_section(result: ToneResult, grid: Sequence[Averages]) -> Section:
    tuned, arms = _largest(grid).arm, _rungs(result)
    summaries = [_summary(result, arm) for arm in (*arms, tuned)]
    figure = target_figure(summaries, result.asked.aim.feature)
    labels = {arm.name: arm.label for arm in arms}
    rows = tuple(
        (labels[d.second], d.feature.label, _gap(d), number(d.p, 3), d.outcome.value)
        for d in _against(result, tuned, arms)
    )
    columns = (f"{tuned.label} against", "Measure", "Difference", "p (Holm)", "Outcome")
    left_out = [f"“{label}” was left out: {why}." for label, why in result.ladder.left_out.items()]
    return Section(
        "Prompting or tuning",
        ("Every way of prompting the base model, on the same prompts.", *left_out),
        (figure,) if figure else (),
        (Table(DIFFERENCES_NOTE, columns, rows),),
    )


def _gap(difference: Difference) -> str:
    found: Interval = difference.interval
    return points(found) if difference.feature.share else number_cell(found, 3)


def _content_section(result: ToneResult, grid: Sequence[Averages]) -> Section:
    shown = [_summary(result, arm) for arm in (*_rungs(result), *(point.arm for point in grid))]
    figure = similarity_figure(shown, None, None)
    return Section(
        "Content",
        ("Similarity of the answers to the plain references.",),
        (figure,) if figure else (),
        missing_note="The prompts have no plain references.",
    )


def _counting_section(result: ToneResult, grid: Sequence[Averages]) -> Section:
    arms = (*_rungs(result), _largest(grid).arm)
    summaries = [_summary(result, arm) for arm in arms]
    figure = reading_ease_figure(summaries, reading_ease_sweep(arms))
    return Section(
        "The published way of counting",
        ("Reading ease alone, at every threshold, as theirs is not published.",),
        (figure,) if figure else (),
    )


def _flaws(result: ToneResult) -> Section:
    return Section(
        "What this is and is not",
        (
            "A reconstruction of their protocol, not a replication: their prompts, threshold, "
            "LoRA settings and evaluation prompts are not published.",
            "Their measure can be had with short sentences alone; here several signs must agree, "
            "and reading ease is shown beside.",
            "They compare a tuned model that has the system prompt with a base that has it; here "
            "the tuned model is asked without it"
            + (" and with it." if result.study.prompted_too else "."),
            "Examples and held-out prompts come from different articles.",
            f"Rates over {len(result.study.seeds)} seed(s) are means over prompts; their intervals "
            "speak of other prompts of this kind; those over seeds speak of other trainings.",
        ),
    )


def _configuration(result: ToneResult) -> Iterator[tuple[str, str]]:
    yield "Study", canonical(plain(result.study))
    yield "Training", result.training.canonical
    yield (
        "Trainings",
        "\n".join(
            f"{c.cell.label}: {c.facts['seconds']:.0f} s, {c.facts['tokens']} tokens, "
            f"{c.facts['precision']} on {c.facts['device']}, last loss {c.facts['losses'][-1]:.3f}"
            for c in result.courses
        ),
    )
    if result.hosted:
        yield "Jobs at services", hosted_facts(result.hosted)
