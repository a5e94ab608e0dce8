"""Create blind pairs of model outputs, in which a hash determines which output is on the left."""

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
    """Yield blind comparisons between two answers to the same prompt, sorted by id.

    An arm is one of the compared systems, such as the base model or a tuned model. `pairs` limits
    the comparisons to the given pairs of arms. If an arm answered a prompt several times, only its
    last answer is compared.

    About half of the answers from each arm are shown on the left. The side of an arm depends only
    on the prompt, the two arms, the campaign and the seed, so existing comparisons don't change
    when outputs are added. Neither the side nor the order of the comparisons reveals which arm
    wrote an answer.
    """
    by_prompt: dict[str, dict[str, Output]] = defaultdict(dict)
    for output in outputs:
        by_prompt[output.prompt][output.arm] = output
    selected = None if pairs is None else {frozenset(pair) for pair in pairs}
    comparisons = [
        _compare(arms[first], arms[second], campaign, seed)
        for arms in by_prompt.values()
        for first, second in combinations(sorted(arms), 2)
        if selected is None or frozenset((first, second)) in selected
    ]
    yield from sorted(comparisons, key=lambda comparison: comparison.id)


def _compare(first: Output, second: Output, campaign: str, seed: int) -> Comparison:
    coin = digest(f"{seed}\n{campaign}\n{first.prompt}\n{first.arm}\n{second.arm}")
    left, right = (first, second) if int(coin, 16) % 2 else (second, first)
    return Comparison(campaign=campaign, prompt=first.prompt, left=left.id, right=right.id)
