"""The time to compute every measure except embeddings on 10,000 outputs.

Run: `python -m benchmarks.scoring [--outputs N] [--words W]`. The texts are random and all
different, so a cache of whole texts doesn't help.
"""

import argparse
import time
from random import Random

from evaluation.measures.content import content_measures
from evaluation.measures.tone import conversational, tone_measures

_VOCABULARY = (
    "the a of in was it's that you know well so bridge river which built city about around 1932 "
    "503 metres Lisbon Brandt engineer population government characteristic neighbouring because "
    "don't they're quite long old harbour station railway opened I think people called still"
)
_ENDS = (". ", ". ", ". ", "? ", "! ", ", ")
_LIMIT_SECONDS = 10.0
_WORDS = _VOCABULARY.split()


def build_text(rng: Random, words: int) -> str:
    """A random text with sentences of 8 to 20 words."""
    parts: list[str] = []
    remaining = words
    while remaining > 0:
        length = min(remaining, rng.randint(8, 20))
        sentence = " ".join(rng.choice(_WORDS) for _ in range(length))
        parts.append(sentence[0].upper() + sentence[1:] + rng.choice(_ENDS))
        remaining -= length
    return "".join(parts).strip()


def main() -> None:
    """Build the texts, measure them and print the time."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--outputs", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=60, help="number of words in an answer")
    options = parser.parse_args()
    rng = Random(0)  # noqa: S311 - the texts aren't secrets
    n = options.words
    rows = [
        (build_text(rng, n), build_text(rng, n), build_text(rng, 3 * n))
        for _ in range(options.outputs)
    ]
    wall, cpu = time.perf_counter(), time.process_time()
    hits = 0
    for answer, reference, passage in rows:
        hits += conversational(tone_measures(answer))
        content_measures(answer, reference, passage)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    verdict = "within" if wall < _LIMIT_SECONDS else "over"
    print(f"{options.outputs:,} outputs of {options.words} words, {hits:,} of them conversational")
    limit = f"{verdict} the limit of {_LIMIT_SECONDS:.0f} s"
    print(f"{wall:.1f} s by wall clock, {cpu:.1f} s of CPU time; {limit}")


if __name__ == "__main__":
    main()
