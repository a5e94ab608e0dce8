"""Preference pairs in TRL's DPO format: a prompt, the chosen answer and the rejected one.

The prompts are held-out test prompts, so a model trained on the pairs can no longer be tested on
those prompts.
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
)
from db.reviews import current_reviews
from db.store import Store
from db.versions.contents import version_examples

_SCORES = {"left": 1, "right": -1, "tie": 0}


def preference_pairs(store: Store, version: Version) -> Iterator[dict[str, Any]]:
    """Yield a row for each test comparison in which most people preferred the same answer.

    Rule-based reviewers don't vote, and ties produce no pairs. `votes` counts the people who chose
    the answer, and `of` counts everyone who reviewed the comparison.

    Raises `StoreError` if people haven't decided any comparisons.
    """
    examples = {e.id: e for e in version_examples(store, version, Split.TEST)}
    comparisons = {c.id: c for c in store.stream(Comparison, prompt=tuple(examples))}
    is_empty = True
    for id, scores in _votes(store, tuple(comparisons)).items():
        comparison, total = comparisons[id], sum(scores)
        left, right = (store.get(Output, side) for side in (comparison.left, comparison.right))
        if not total or left is None or right is None or left.text == right.text:
            continue
        chosen, rejected = (left, right) if total > 0 else (right, left)
        is_empty = False
        yield {
            "prompt": _prompt(examples[comparison.prompt]),
            "chosen": [{"role": Role.ASSISTANT.value, "content": chosen.text}],
            "rejected": [{"role": Role.ASSISTANT.value, "content": rejected.text}],
            "votes": sum(score * total > 0 for score in scores),
            "of": len(scores),
            "comparison": id,
        }
    if is_empty:
        raise StoreError(
            f"No comparisons on version {version.id[:12]} have been decided by people yet. Send "
            "some for review with `timbre review push --outputs`."
        )


def _votes(store: Store, comparisons: tuple[str, ...]) -> dict[str, list[int]]:
    votes: dict[str, list[int]] = defaultdict(list)
    for review in current_reviews(store, subject=comparisons):
        answer = str(review.answer("preference"))
        person = review.reviewer_kind is ReviewerKind.PERSON
        if person and review.status is ReviewStatus.SUBMITTED and answer in _SCORES:
            votes[review.subject].append(_SCORES[answer])
    return votes


def _prompt(example: Example) -> Any:
    """The turns of an example before the last assistant answer."""
    turns = list(example.messages)
    while turns and turns[-1].role is Role.ASSISTANT:
        turns.pop()
    return [{"role": m.role.value, "content": m.content} for m in turns]
