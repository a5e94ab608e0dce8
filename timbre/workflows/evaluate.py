"""Measure the outputs of a run, and load outputs, measures and votes for evaluation."""

from collections.abc import Iterator, Sequence

import numpy as np

from db.records import Comparison, Example, Interval, Measure, Output, Passage, Review
from db.reviews import current_reviews
from db.store import Store
from evaluation import measuring
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.criteria import Criterion
from evaluation.measures.content import paraphrase_ceiling, shuffled_floor
from evaluation.measures.tone import TONE_SOURCE
from evaluation.preferences import Preferences, Sides, read_votes, summarise_votes
from evaluation.rating import Judge
from evaluation.reviewer_ratings import ArmRating, rate_arms
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.workflows.answer import BASE, PROMPTED, TUNED
from trainer.embed import embed

_ARMS = {
    BASE: ("Base", "the base model without a system prompt"),
    PROMPTED: ("Base, prompted", "the base model with the campaign's system prompt"),
    TUNED: ("Tuned", "the base model with the trained adapter, without a system prompt"),
}
"""The label and description of each arm."""


def measure_outputs(
    store: Store,
    outputs: Sequence[Output],
    campaign: Campaign,
    on_progress: ProgressCallback,
) -> int:
    """Measure outputs that haven't been measured yet, and return the number of new values.

    If the campaign has no criterion, only tone and content features are measured.
    """
    criterion = campaign.criterion
    name = criterion.feature.name if criterion else measuring.UNCONDITIONAL
    key = {"name": name, "source": criterion.source_of(name) if criterion else TONE_SOURCE}
    pending = [o for o in outputs if not store.count(Measure, subject=o.id, **key)]
    if not pending:
        return 0
    examples = {id: store.get(Example, id) for id in {output.prompt for output in pending}}
    known = [(output, example) for output in pending if (example := examples[output.prompt])]
    passages = [store.get(Passage, e.passage) if e.passage else None for _, e in known]
    texts = [passage.text if passage else "" for passage in passages]
    measured = measuring.measure_outputs(known, texts, criterion, embed, campaign.voice.language)
    new = 0
    for done, ((output, _), measures) in enumerate(zip(known, measured, strict=True), 1):
        new += store.add(measuring.measure_records(output, measures, criterion))
        on_progress(done, len(known))
    return new


def measured_arms(
    store: Store,
    outputs: dict[str, list[Output]],
    criterion: Criterion | None,
    judge: Judge | None = None,
) -> tuple[MeasuredArm, ...]:
    """Return each arm with its outputs and their measures."""
    return tuple(
        MeasuredArm(name, *_ARMS[name], tuple(measured_outputs(store, found, criterion, judge)))
        for name, found in outputs.items()
    )


def measured_outputs(
    store: Store, outputs: Sequence[Output], criterion: Criterion | None, judge: Judge | None = None
) -> Iterator[MeasuredOutput]:
    """Return outputs with their measures from the given criterion and judge."""
    measures: dict[str, dict[str, float]] = {output.id: {} for output in outputs}
    sources: dict[str, str] = {}
    if criterion:
        names = (criterion.feature.name, *(feature.name for feature in criterion.part_features))
        sources = dict.fromkeys(names, criterion.source)
    sources |= {f.name: judge.source for f in judge.features} if judge else {}
    for measure in store.stream(Measure, subject=tuple(measures)):
        if measure.source == sources.get(measure.name, measure.source):
            measures[measure.subject][measure.name] = measure.value
    prompts = store.stream(Example, id=tuple(output.prompt for output in outputs))
    articles = {example.id: example.article for example in prompts}
    for output in outputs:
        yield MeasuredOutput(
            prompt=output.prompt,
            measures=measures[output.id],
            article=articles.get(output.prompt),
            seconds=output.seconds,
            tokens=output.output_tokens,
        )


def votes_on(store: Store, campaign: Campaign, outputs: dict[str, list[Output]]) -> list[Review]:
    """Return the current reviews of comparisons between these outputs."""
    sides = _comparison_sides(store, campaign, outputs)
    return list(current_reviews(store, subject=tuple(sides)))


def preferences_between(
    store: Store, campaign: Campaign, outputs: dict[str, list[Output]]
) -> Preferences | None:
    """Compute win rates between arms from reviewers' votes, or return None if nobody has voted."""
    sides = _comparison_sides(store, campaign, outputs)
    return summarise_votes(read_votes(current_reviews(store, subject=tuple(sides)), sides))


def ratings_of(
    store: Store, campaign: Campaign, outputs: dict[str, list[Output]]
) -> tuple[ArmRating, ...]:
    """Compute the mean ratings that reviewers gave each arm in blind comparisons."""
    comparisons = list(store.stream(Comparison, campaign=campaign.name))
    arm_of = {output.id: name for name, arm in outputs.items() for output in arm}
    reviews = current_reviews(store, subject=tuple(comparison.id for comparison in comparisons))
    return rate_arms(reviews, comparisons, arm_of)


def similarity_bounds(examples: list[Example]) -> tuple[Interval | None, Interval | None]:
    """Compute a lower and an upper bound for the similarity between rewrites and their references.

    The lower bound is the similarity between approved rewrites and unrelated references, and the
    upper bound is their similarity to their own references.
    """
    pairs = [(e.messages[-1].content, e.reference) for e in examples if e.reference]
    if len(pairs) < 2:
        return None, None
    rewritten, plain = (np.asarray(embed(texts)) for texts in zip(*pairs, strict=True))
    return shuffled_floor(rewritten, plain), paraphrase_ceiling(plain, rewritten)


def _comparison_sides(
    store: Store, campaign: Campaign, outputs: dict[str, list[Output]]
) -> dict[str, Sides]:
    """Return the two arms in each comparison of these outputs, keyed by comparison id."""
    arm_of = {output.id: name for name, arm in outputs.items() for output in arm}
    return {
        comparison.id: Sides(arm_of[comparison.left], arm_of[comparison.right])
        for comparison in store.stream(Comparison, campaign=campaign.name)
        if comparison.left in arm_of and comparison.right in arm_of
    }
