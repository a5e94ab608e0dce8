"""Outputs put against each other: which pairs of arms people are to compare."""

from collections.abc import Sequence

from annotation.comparisons import blind_pairs
from db.records import Output
from db.store import Store
from timbre.arms import BASE, PROMPTED, TUNED
from timbre.campaign import Campaign

PAIRS = ((TUNED, BASE), (TUNED, PROMPTED))


def add_comparisons(store: Store, campaign: Campaign, outputs: Sequence[Output]) -> int:
    """Pair the tuned arm's outputs with the others'; returns how many comparisons are new."""
    pairs = blind_pairs(outputs, campaign.name, campaign.evaluate.seed, PAIRS)
    return store.add(pairs)
