"""Preference pairs: of two answers to one prompt, which one people chose; as TRL's DPO reads them.

The answers are to held-out prompts. A model that is trained on these pairs has seen them, so that
they are no test of it any more.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from db.errors import StoreError
from db.records import (
    Comparison,
    Example,
    Output,
    ReviewerKind,
    ReviewStatus,
    Role,
    Split,
    Version,
    plain,
)
from db.store import Store
from db.versions import version_examples

_SCORES = {"left": 1, "right": -1, "tie": 0}


def preference_pairs(store: Store, version: Version) -> Iterator[dict[str, Any]]:
    """A row for each comparison on a version's test side that most people decided the same way.

    Written rules that stand in for people have no vote, and ties give no pair. `votes` is how many
    people chose the answer, and `of` how many were asked.

    Raises `StoreError` if people have decided nothing.
    """
    examples = {e.id: e for e in version_examples(store, version, Split.TEST)}
    compared = {c.id: c for c in store.stream(Comparison, prompt=tuple(examples))}
    found = False
    for id, scores in _votes(store, tuple(compared)).items():
        comparison, total = compared[id], sum(scores)
        left, right = (store.get(Output, side) for side in (comparison.left, comparison.right))
        if not total or left is None or right is None or left.text == right.text:
            continue
        chosen, rejected = (left, right) if total > 0 else (right, left)
        found = True
        yield {
            "prompt": _asked(examples[comparison.prompt]),
            "chosen": [{"role": Role.ASSISTANT.value, "content": chosen.text}],
            "rejected": [{"role": Role.ASSISTANT.value, "content": rejected.text}],
            "votes": sum(score * total > 0 for score in scores),
            "of": len(scores),
            "comparison": id,
        }
    if not found:
        raise StoreError(
            f"found no comparison on the version {version.id[:12]} that people decided, expected "
            "some; put its outputs before people with `timbre review push --outputs`"
        )


def _votes(store: Store, comparisons: tuple[str, ...]) -> dict[str, list[int]]:
    votes: dict[str, list[int]] = defaultdict(list)
    for review in store.current_reviews(subject=comparisons):
        answer = str(review.answer("preference"))
        person = review.reviewer_kind is ReviewerKind.PERSON
        if person and review.status is ReviewStatus.SUBMITTED and answer in _SCORES:
            votes[review.subject].append(_SCORES[answer])
    return votes


def _asked(example: Example) -> Any:
    """An example's turns up to the one that is answered."""
    turns = list(example.messages)
    while turns and turns[-1].role is Role.ASSISTANT:
        turns.pop()
    return plain(tuple(turns))
