"""The tone study section about models that were tuned through a fine-tuning API."""

from collections.abc import Sequence
from dataclasses import replace

from evaluation.arms import compare_arms, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.charts import Caption
from evaluation.pages.figures import target_figure
from evaluation.pages.page import Section, Table, number, number_cell, share_cell
from evaluation.verdict import points
from studies.finetune_api import ProviderResult
from studies.tone import ToneResult


def finetune_section(result: ToneResult) -> Section:
    """Compare each provider's untuned, prompted and tuned models."""
    target = result.task.criterion.feature
    arms = [arm for provider in result.providers for arm in provider.arms]
    figure = target_figure([summarise(arm, target) for arm in arms], target)
    caption = Caption(
        "services",
        f"Share of answers that are {target.label.lower()}, for models fine-tuned through an API, "
        "with 95 % intervals.",
    )
    note = "All models were tuned on the same examples and answered the same prompts."
    return Section(
        "Models tuned through an API",
        (note,) if result.providers else (),
        (replace(figure, caption=caption),) if figure else (),
        tuple(_table(provider, result) for provider in result.providers),
        missing_note="The study file lists no models to fine-tune through an API "
        "(`[[providers]]`).",
    )


def _table(provider: ProviderResult, result: ToneResult) -> Table:
    """Tabulate each arm's rate and its difference from the untuned model with the short prompt."""
    target, arms, prompted = result.task.criterion.feature, provider.arms, provider.prompted
    pairs = [(arm.name, prompted.name) for arm in arms if arm is not prompted]
    differences = {
        (d.first, d.feature.name): d for d in compare_arms(arms, pairs, (target, SIMILARITY))
    }
    rows = []
    for arm in arms:
        rate = share_cell(summarise(arm, target).target)
        gap = differences.get((arm.name, target.name))
        content = differences.get((arm.name, SIMILARITY.name))
        cells = (points(gap.interval), number(gap.p, 3), gap.outcome.value) if gap else ("–",) * 3
        change = number_cell(content.interval if content else None, 3)
        rows.append((arm.label, rate, *cells, change))
    note = f"{provider.provider.model}: differences from the untuned model with the short prompt."
    columns = ("Model", target.label, "Difference", "p (Holm)", "Outcome", "Similarity, difference")
    return Table(note, columns, tuple(rows))


def finetune_claim(result: ToneResult) -> str:
    """For each provider, compare tuning on the most examples with prompting the untuned model."""
    sentences = []
    for provider in result.providers:
        size, model = max(provider.by_size), provider.provider.model
        pair = [(f"{model}-{size}", provider.prompted.name)]
        compared = compare_arms(provider.arms, pair, (result.task.criterion.feature,))
        gaps = [f"{points(d.interval)}, {d.outcome.value}" for d in compared]
        gap = gaps[0] if gaps else "not measured"
        sentences.append(
            f"{model} tuned on {size} examples, compared with its short prompt: {gap}."
        )
    return " ".join(sentences) or "This grid includes no models fine-tuned through an API."


def finetune_facts(providers: Sequence[ProviderResult]) -> str:
    """Describe each job in one line."""
    return "\n".join(
        f"{result.job.label}: {result.facts['trained_tokens']} training tokens at "
        f"{provider.provider.url}, "
        f"{provider.provider.training_usd(result.facts['trained_tokens']):.2f} US dollars"
        for provider in providers
        for result in provider.jobs
    )
