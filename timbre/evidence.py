"""What a run's outputs, measures and votes come to, as the evaluation's figures."""

from collections.abc import Iterable

import numpy as np

from db.records import Comparison, Example, Interval, Measure, Output, Review
from db.store import Store
from evaluation.aims import Aim
from evaluation.arms import Arm as MeasuredArm
from evaluation.arms import Scored
from evaluation.content import paraphrase_ceiling, shuffled_floor
from evaluation.preferences import Preferences, Sides, preferences, votes
from evaluation.rating import Judge
from timbre.arms import WORDS
from timbre.campaign import Campaign
from trainer.embed import embed


def measured_arms(
    store: Store, outputs: dict[str, list[Output]], aim: Aim, judge: Judge | None = None
) -> tuple[MeasuredArm, ...]:
    """Each arm with its outputs' measures by name; of aim and judge, those by this definition."""
    return tuple(
        MeasuredArm(
            name=name,
            label=WORDS[name].label,
            description=WORDS[name].description,
            outputs=tuple(scored(store, found, aim, judge)),
        )
        for name, found in outputs.items()
    )


def scored(
    store: Store, outputs: list[Output], aim: Aim, judge: Judge | None = None
) -> Iterable[Scored]:
    """Outputs with their measures by name; of aim and judge, those by this definition."""
    measures: dict[str, dict[str, float]] = {output.id: {} for output in outputs}
    own = {aim.feature.name, *(feature.name for feature in aim.trait_features)}
    sources = dict.fromkeys(own, aim.source)
    sources |= {f.name: judge.source for f in judge.features} if judge else {}
    for measure in store.stream(Measure, subject=tuple(measures)):
        if measure.source == sources.get(measure.name, measure.source):
            measures[measure.subject][measure.name] = measure.value
    articles = {
        example.id: example.article
        for example in store.stream(Example, id=tuple(output.prompt for output in outputs))
    }
    for output in outputs:
        yield Scored(
            prompt=output.prompt,
            measures=measures[output.id],
            article=articles.get(output.prompt),
            seconds=output.seconds,
            tokens=output.output_tokens,
        )


def votes_of(store: Store, campaign: Campaign, outputs: dict[str, list[Output]]) -> list[Review]:
    """The current reviews of comparisons between these outputs."""
    there = {output.id for found in outputs.values() for output in found}
    subjects = tuple(
        comparison.id
        for comparison in store.stream(Comparison, campaign=campaign.name)
        if {comparison.left, comparison.right} <= there
    )
    return list(store.current_reviews(subject=subjects))


def preferences_of(
    store: Store, campaign: Campaign, outputs: dict[str, list[Output]]
) -> Preferences | None:
    """Win rates between the arms, None where nobody has voted."""
    arm_of = {output.id: name for name, found in outputs.items() for output in found}
    sides = {
        comparison.id: Sides(arm_of[comparison.left], arm_of[comparison.right])
        for comparison in store.stream(Comparison, campaign=campaign.name)
        if comparison.left in arm_of and comparison.right in arm_of
    }
    return preferences(votes(votes_of(store, campaign, outputs), sides))


def similarity_bounds(examples: list[Example]) -> tuple[Interval | None, Interval | None]:
    """The floor (references of other prompts) and ceiling (approved rewrites) of similarity."""
    pairs = [(e.messages[-1].content, e.reference) for e in examples if e.reference]
    if len(pairs) < 2:
        return None, None
    rewritten, plain = (embed(texts) for texts in zip(*pairs, strict=True))
    return (
        shuffled_floor(np.asarray(rewritten), np.asarray(plain)),
        paraphrase_ceiling(np.asarray(plain), np.asarray(rewritten)),
    )
