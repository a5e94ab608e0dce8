"""The part of the tone study's page on models that were tuned at a service."""

from collections.abc import Sequence
from dataclasses import replace

from evaluation.arms import MeasuredArm, compare_arms, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Caption
from evaluation.pages.figures import target_figure
from evaluation.pages.page import Section, Table, number, number_cell, share_cell
from evaluation.verdict import points
from studies.finetune_api import JobResult, ProviderResult, training_usd
from studies.tone import ToneResult, average_arms


def hosted_section(result: ToneResult) -> Section:
    """Every provider's model as it is, with the short prompt and tuned, on the same prompts."""
    target = result.asked.aim.feature
    arms = [arm for hosted in result.hosted for arm in hosted_arms(hosted)]
    drawn = target_figure([summarise(arm, target) for arm in arms], target)
    caption = Caption(
        "services",
        f"Share of answers of models at a service that are {target.label.lower()}, with 95 % "
        "intervals.",
    )
    return Section(
        "Models tuned at a service",
        ("Tuned by the service’s own jobs on the same examples, and asked the same prompts there.",)
        if result.hosted
        else (),
        (replace(drawn, caption=caption),) if drawn else (),
        tuple(_sheet(hosted, result) for hosted in result.hosted),
        missing_note="The study’s file names no model at a service (`[[providers]]`).",
    )


def hosted_arms(hosted: ProviderResult) -> list[MeasuredArm]:
    """The model as it is, prompted, and tuned on each number of examples, means over its jobs."""
    model, arms = hosted.provider.model, [hosted.bare, hosted.prompted]
    for size, courses in _by_size(hosted).items():
        name, label = f"{model}-{size}", f"{model}, tuned on {size}"
        arms.append(average_arms([course.end for course in courses], name, label))
        told = [course.prompted for course in courses if course.prompted]
        if told:
            arms.append(average_arms(told, f"{name}-prompted", f"{label}, prompted"))
    return arms


def _by_size(hosted: ProviderResult) -> dict[int, list[JobResult]]:
    found: dict[int, list[JobResult]] = {}
    for course in hosted.courses:
        found.setdefault(course.job.size, []).append(course)
    return found


def _sheet(hosted: ProviderResult, result: ToneResult) -> Table:
    """Each arm's rate, and how it differs from the model with the short prompt."""
    target, arms = result.asked.aim.feature, hosted_arms(hosted)
    pairs = [(arm.name, hosted.prompted.name) for arm in arms if arm is not hosted.prompted]
    found = {(d.first, d.feature.name): d for d in compare_arms(arms, pairs, (target, SIMILARITY))}
    rows = []
    for arm in arms:
        gap, alike = found.get((arm.name, target.name)), found.get((arm.name, "similarity"))
        rows.append((
            arm.label,
            share_cell(summarise(arm, target).target),
            points(gap.interval) if gap else "–",
            number(gap.p, 3) if gap else "–",
            gap.outcome.value if gap else "–",
            number_cell(alike.interval, 3) if alike else "–",
        ))  # fmt: skip
    says = f"{hosted.provider.model}: differences are from the model with the short prompt."
    columns = ("Model", target.label, "Difference", "p (Holm)", "Outcome", "Similarity, difference")
    return Table(says, columns, tuple(rows))


def hosted_claim(result: ToneResult) -> str:
    """What tuning did for each provider's model against its short prompt, at the largest size."""
    target, said = result.asked.aim.feature, []
    for hosted in result.hosted:
        size = max(_by_size(hosted))
        name = f"{hosted.provider.model}-{size}"
        pair = [(name, hosted.prompted.name)]
        found = next(iter(compare_arms(hosted_arms(hosted), pair, (target,))), None)
        gap = f"{points(found.interval)}, {found.outcome.value}" if found else "not measured"
        said.append(f"{hosted.provider.model}, tuned on {size}, less its short prompt: {gap}.")
    return " ".join(said) or "No model at a service is in this grid."


def hosted_facts(hosted: Sequence[ProviderResult]) -> str:
    """What each job took, a line each."""
    return "\n".join(
        f"{c.job.label}: {c.facts['trained_tokens']} tokens trained on at {one.provider.url}, "
        f"{training_usd(one.provider, c.facts['trained_tokens']):.2f} US dollars"
        for one in hosted
        for c in one.courses
    )
