"""The cosine similarity of first-person statements with the same meaning and of unrelated ones.

Run: `python -m benchmarks.same_meaning [STATEMENTS.jsonl …] [--record]`. The pairs below were
written for this benchmark. Each statement has a version with a word or two changed, a paraphrase,
and a statement on another topic in the same voice, which isn't a repetition. The files have one
JSON object per line with a `statement` by other people; different ones count as unrelated.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.record import publish
from pipelines.checks.near_duplicates import NearDuplicates
from trainer.embed import embed

THRESHOLDS = (0.8, 0.85, 0.9, 0.95)
NEAR = 0.7
_MAX_STATEMENTS = 1_000

# A statement, a version with a word or two changed, a paraphrase, another topic in the same voice.
PAIRS = (
    ("I always check the map twice before we leave, because getting lost once was enough for me.",
     "I always check the map twice before we go, because getting lost once was enough for me.",
     "Having gone astray one time, I never set out any more without looking at the map again.",
     "I always count the lamps twice before we leave, because the dark once was enough for me."),
    ("When a guest is unhappy, I listen first and explain later.",
     "When a customer is unhappy, I listen first and explain later.",
     "Whoever comes to me with a complaint is heard out before I say a word in our defence.",
     "When a guest is hungry, I cook first and ask later."),
    ("I would rather be honest and late than early with a lie.",
     "I'd rather be honest and late than early with a lie.",
     "Telling the truth matters more to me than being on time with something false.",
     "I would rather be warm and slow than quick with a cold."),
    ("Lighthouses calm me, for each of them keeps to its own rhythm.",
     "Lighthouses calm me, since each of them keeps to its own rhythm.",
     "It soothes me that every lighthouse flashes in a pattern nobody else has.",
     "Harbours excite me, for each of them has its own smell."),
    ("I do worry about the odds, and I will tell you what they are whether you ask or not.",
     "I do worry about the odds, and I'll tell you what they are whether you ask me or not.",
     "Nobody needs to request the probabilities: I am anxious about them and announce them anyway.",
     "I do worry about the weather, and I will pack a coat whether you ask or not."),
    ("My workshop smells of cedar, and I can tell every plank by its grain.",
     "My workshop smells of cedar, and I can tell each board by its grain.",
     "Cedar scents the room I work in, and its pattern tells me which piece of wood is which.",
     "My kitchen smells of thyme, and I can tell every knife by its handle."),
    ("I never promise a date that I have not checked with the warehouse.",
     "I never promise a date which I haven't checked with the warehouse.",
     "Before I name a day of delivery, I have asked the people in the store room.",
     "I never quote a price that I have not checked with the accountant."),
    ("Old bridges teach me patience: they were built by people who never saw them finished.",
     "Old bridges teach me patience, as they were built by people who never saw them finished.",
     "From bridges of long ago I learn to wait, for their makers died before the last stone.",
     "Old clocks teach me doubt: they were set by people who never agreed on the hour."),
    ("I keep a notebook of the words that my grandmother used and nobody says any more.",
     "I keep a notebook of the words my grandmother used that nobody says any more.",
     "Expressions of my gran's that have died out are what I collect in a little book.",
     "I keep a jar of the buttons that my uncle found and nobody wears any more."),
    ("Rules comfort me, and I would like to read them to everybody before we begin.",
     "Rules comfort me, and I'd like to read them out to everybody before we start.",
     "I feel safe with regulations, so let me go through them aloud with all of you first.",
     "Maps comfort me, and I would like to fold them for everybody before we sleep."),
)  # fmt: skip


def shares(cosines: Sequence[float]) -> list[str]:
    """The share of some cosines at or above each threshold."""
    return [f"{np.mean([cosine >= t for cosine in cosines]):.0%}" for t in THRESHOLDS]


def pair_cosines() -> dict[str, list[float]]:
    """The cosines of the pairs by kind."""
    vectors = embed([text for row in PAIRS for text in row]).reshape(len(PAIRS), 4, -1)
    kinds = ("a word or two changed", "paraphrase", "another topic, the same voice")
    return {kind: [float(row[0] @ row[n]) for row in vectors] for n, kind in enumerate(kinds, 1)}


def word_match_share(n: int) -> float:
    """The share of the pairs of a kind that the check on words alone finds."""
    matches = 0
    for row in PAIRS:
        index = NearDuplicates(NEAR)
        index.add("first", row[0])
        matches += index.add("second", row[n]) is not None
    return matches / len(PAIRS)


def nearest_cosines(paths: Sequence[Path]) -> list[float]:
    """The cosine of each unrelated statement with the one most similar to it."""
    texts = {
        json.loads(line)["statement"]
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    rng = Random(1)  # noqa: S311 - the sample isn't a secret
    vectors = embed(rng.sample(sorted(texts), min(_MAX_STATEMENTS, len(texts))))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    return [float(cosine) for cosine in cosines.max(axis=1)]


def main() -> None:
    """Measure the pairs and the statements of the files, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    headings = " | ".join(f"{t:.2f}" for t in THRESHOLDS)
    lines = [
        f"| pairs | number | by words alone | {headings} |",
        "| --- " * (3 + len(THRESHOLDS)) + "|",
    ]
    for n, (kind, cosines) in enumerate(pair_cosines().items(), 1):
        cells = [kind, f"{len(cosines)}", f"{word_match_share(n):.0%}", *shares(cosines)]
        lines.append(f"| {' | '.join(cells)} |")
    if options.files:
        cosines = nearest_cosines(options.files)
        kind = "unrelated statements, each with its nearest"
        lines.append(f"| {kind} | {len(cosines)} | | {' | '.join(shares(cosines))} |")
    publish("same_meaning", lines, options.record)


if __name__ == "__main__":
    main()
