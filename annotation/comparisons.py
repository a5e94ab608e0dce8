"""Outputs of models paired blind: who stands left and who right is settled by a hash."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from db.records import Comparison, Output, digest


def blind_pairs(
    outputs: Iterable[Output],
    campaign: str,
    seed: int = 0,
    pairs: Iterable[tuple[str, str]] | None = None,
) -> Iterator[Comparison]:
    """Two outputs to the same prompt at a time, ordered by a hash that shows nothing of the arm.

    Each arm stands left in about half of its comparisons. Sides depend on the prompt, the two
    arms, the campaign and the seed alone, so that the pairs made before stay as they are when
    more outputs come. The comparisons themselves come in the order of their ids, which says
    nothing of the order the arms were run in.

    Args:
        outputs: What the arms answered; of an arm that answered a prompt twice, the last counts.
        campaign: The campaign it is judged in.
        seed: Another seed gives other sides.
        pairs: The pairs of arms to compare, None for every two.

    Yields:
        Comparison: One for each prompt that both arms of a pair answered.
    """
    by_prompt: dict[str, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        by_prompt[output.prompt][output.arm] = output
    wanted = None if pairs is None else {frozenset(pair) for pair in pairs}
    made = [
        _sided(arms[first], arms[second], campaign, seed)
        for arms in by_prompt.values()
        for first, second in combinations(sorted(arms), 2)
        if wanted is None or frozenset((first, second)) in wanted
    ]
    yield from sorted(made, key=lambda comparison: comparison.id)


def _sided(first: Output, second: Output, campaign: str, seed: int) -> Comparison:
    coin = digest(f"{seed}\n{campaign}\n{first.prompt}\n{first.arm}\n{second.arm}")
    left, right = (first, second) if int(coin, 16) % 2 else (second, first)
    return Comparison(campaign=campaign, prompt=first.prompt, left=left.id, right=right.id)
