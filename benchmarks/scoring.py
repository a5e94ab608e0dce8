"""Times the measures of 10,000 outputs: everything but embeddings.

Run it from the project's root: `python -m benchmarks.scoring [--outputs N] [--words W]`. The texts
are made of seeded words, no two alike, so that no cache of whole texts helps.
"""

import argparse
import time
from random import Random

from evaluation.content import content_measures
from evaluation.tone import conversational, tone_measures

_VOCABULARY = (
    "the a of in was it's that you know well so bridge river which built city about around 1932 "
    "503 metres Lisbon Brandt engineer population government characteristic neighbouring because "
    "don't they're quite long old harbour station railway opened I think people called still"
)
_ENDS = (". ", ". ", ". ", "? ", "! ", ", ")
_LIMIT_S = 10.0
_WORDS = _VOCABULARY.split()


def text(choose: Random, words: int) -> str:
    """A text of so many words in sentences of 8 to 20."""
    parts: list[str] = []
    left = words
    while left > 0:
        length = min(left, choose.randint(8, 20))
        sentence = " ".join(choose.choice(_WORDS) for _ in range(length))
        parts.append(sentence[0].upper() + sentence[1:] + choose.choice(_ENDS))
        left -= length
    return "".join(parts).strip()


def main() -> None:
    """Make the texts, measure them, and say how long it took."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--outputs", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=60, help="words in an answer")
    given = parser.parse_args()
    choose = Random(0)  # noqa: S311 - texts to be timed
    rows = [
        (text(choose, given.words), text(choose, given.words), text(choose, 3 * given.words))
        for _ in range(given.outputs)
    ]
    wall, cpu = time.perf_counter(), time.process_time()
    hits = 0
    for answer, reference, passage in rows:
        hits += conversational(tone_measures(answer))
        content_measures(answer, reference, passage)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    verdict = "within" if wall < _LIMIT_S else "over"
    print(f"{given.outputs:,} outputs of {given.words} words, {hits:,} of them conversational")
    print(f"{wall:.1f} s by the clock, {cpu:.1f} s of one core; {verdict} {_LIMIT_S:.0f} s")


if __name__ == "__main__":
    main()
