"""Reject pairs that a model shouldn't learn from, such as pairs of identical answers."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from annotation.pairs.pair_rejections import PairRejection, reject_pair
from db.records import Message, Pair, Rejection

_Preference: TypeAlias = tuple[tuple[Message, ...], str, str]
_Problem: TypeAlias = tuple[PairRejection, str]


def screen_pairs(
    pairs: Iterable[Pair], campaign: str, find_failure: Callable[[str], str]
) -> Iterator[Pair | Rejection]:
    """Yield each pair, or its rejection, in the same order.

    `find_failure` returns the reason why an approved text fails the gates, or an empty string. If
    two pairs prefer opposite answers, both are rejected. Of two pairs with the same texts, the
    first one is used.
    """
    problems = [(pair, _own_problem(pair, find_failure)) for pair in pairs]
    first: dict[_Preference, Pair] = {}
    for pair, problem in problems:
        if problem is None:
            first.setdefault((pair.prompt, pair.chosen, pair.rejected), pair)
    for pair, problem in problems:
        failure = problem or _conflict(pair, first)
        if failure is None:
            yield pair
            continue
        reason, detail = failure
        subject = pair.comparison or pair.chosen_from
        yield reject_pair(campaign, subject, reason, f"{pair.source}: {detail}")


def _own_problem(pair: Pair, find_failure: Callable[[str], str]) -> _Problem | None:
    chosen, rejected = pair.chosen.strip(), pair.rejected.strip()
    if chosen == rejected:
        return PairRejection.IDENTICAL, "the chosen and the rejected answer are the same"
    if not chosen or not rejected:
        return PairRejection.EMPTY, f"the {'rejected' if chosen else 'chosen'} answer is empty"
    failure = find_failure(pair.chosen)
    return (PairRejection.FAILS_GATE, failure) if failure else None


def _conflict(pair: Pair, first: dict[_Preference, Pair]) -> _Problem | None:
    opposite = first.get((pair.prompt, pair.rejected, pair.chosen))
    if opposite:
        return PairRejection.OPPOSITE, f"the pair {opposite.id[:12]} prefers the other answer"
    same = first[pair.prompt, pair.chosen, pair.rejected]
    if same is not pair:
        return PairRejection.DUPLICATE, f"the pair {same.id[:12]} ({same.source}) is the same"
    return None
