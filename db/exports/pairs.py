"""Preference pairs as rows for TRL, and which of a version's pairs may be exported.

Pairs of the test split are never exported, because training on them would contaminate the test.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from db.errors import StoreError
from db.records import Message, Pair, Role, Split, Version
from db.store import Store
from db.versions.contents import pair_counts, version_pairs

_REASON = "training on pairs of the test split would contaminate the test"


def exportable_pairs(store: Store, version: Version) -> Iterator[tuple[Split, Iterator[Pair]]]:
    """Yield the splits with pairs that may be exported, and their pairs.

    Raises `StoreError` if there are no such pairs, or if data was withdrawn from the version.
    """
    has_pairs = False
    for split in (Split.TRAIN, Split.VALIDATION):
        pairs = version_pairs(store, version, split)
        first = next(pairs, None)
        if first:
            has_pairs = True
            yield split, chain((first,), pairs)
    if has_pairs:
        return
    start = f"Version {version.id[:12]} “{version.name}” has no preference pairs to export"
    if version.pairs:
        raise StoreError(
            f"{start}: all {version.pairs} pairs are in the test split, and {_REASON}. Review "
            "texts from more articles and freeze a new version."
        )
    raise StoreError(
        f"{start}. Set `pairs` in the [freeze] section of the campaign file and freeze a new "
        "version. Votes on test prompts can't be exported, because training on them would "
        "contaminate the test."
    )


def pair_notes(store: Store, version: Version, is_pair_export: bool) -> tuple[str, ...]:
    """Return sentences about a version's pairs for the card of an export."""
    if not version.pairs:
        return ()
    counts = pair_counts(store, version)
    by_source = ", ".join(f"{each.count} {each.source} ({each.split})" for each in counts)
    total = f"The version contains {version.pairs} preference pairs: {by_source}."
    if not is_pair_export:
        return (f"{total} This export has none of them.",)
    withheld = withheld_pairs(store, version)
    if not withheld:
        return (total,)
    return (f"{total} This export leaves out {withheld} of them, because {_REASON}.",)


def withheld_pairs(store: Store, version: Version) -> int:
    """Count the pairs that aren't exported because they're in the test split."""
    return sum(each.count for each in pair_counts(store, version) if each.split is Split.TEST)


def trl_row(pair: Pair) -> dict[str, Any]:
    """Convert a pair to a row of TRL's conversational preference format, with its provenance."""
    return {
        "id": pair.id,
        "prompt": _message_rows(pair.prompt),
        "chosen": _answer_rows(pair.chosen),
        "rejected": _answer_rows(pair.rejected),
        "source": pair.source.value,
        "reviewer_kinds": list(pair.reviewer_kinds),
        "agreement": pair.agreement,
    }


def openai_row(pair: Pair) -> dict[str, Any]:
    """Convert a pair to a row of OpenAI's preference format, which other services also accept."""
    return {
        "input": {"messages": _message_rows(pair.prompt)},
        "preferred_output": _answer_rows(pair.chosen),
        "non_preferred_output": _answer_rows(pair.rejected),
    }


def _message_rows(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content} for message in messages]


def _answer_rows(text: str) -> list[dict[str, str]]:
    return [{"role": Role.ASSISTANT.value, "content": text}]
