"""Detect near-duplicate texts with MinHash over word shingles.

The MinHash signature of a text consists of 128 values, which are divided into bands. Each band is
as wide as possible, provided that 99 % of the text pairs at the similarity threshold still share at
least one band. The exact similarity is computed only for texts that share a band.
"""

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from rensa import RMinHash

from db.records import Candidate
from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import split_words

NEAR = 0.7
PERMUTATIONS = 128
WIDEST = 16
RECALL = 0.99
SHINGLE = 5
_SEED = 42


class Match(NamedTuple):
    """The most similar text in an index, with its name and its similarity from 0 to 1."""

    name: str
    similarity: float

    def failure(self, reason: str, candidate: Candidate) -> Failure | None:
        """Convert this match to a failure, or return None if the candidate only matches itself."""
        if self.name == candidate.id:
            return None
        return Failure(reason, f"{self.similarity:.2f} like {self.name}")


class NearDuplicates:
    """An index of texts that aren't near-duplicates of each other.

    Used as a check, the index rejects a text that nearly duplicates a text in the index.
    """

    def __init__(self, threshold: float = NEAR) -> None:
        """Create an empty index.

        Texts whose Jaccard similarity is at least `threshold` are near-duplicates.
        """
        self._threshold = threshold
        self._width = band_width(threshold)
        self._names: list[str] = []
        self._shingles: list[array[int]] = []
        # Most bands belong to a single text, and an int needs less memory than a tuple.
        self._bands: dict[int, int | tuple[int, ...]] = {}

    def __call__(self, item: CheckInput) -> Failure | None:
        """Reject a near-duplicate of an earlier text, or else add the text to the index."""
        match = self.add(item.candidate.id, item.text)
        return match.failure("near-duplicate", item.candidate) if match else None

    def remember(self, candidate: Candidate) -> None:
        """Add an existing candidate to the index."""
        self.add(candidate.id, candidate.review_text)

    def add(self, name: str, text: str) -> Match | None:
        """Return the most similar near-duplicate in the index, or add the text to the index.

        Returns None if the text was added.
        """
        # Near-duplicates aren't added, so a thousand copies cost no more than a thousand lookups.
        runs = shingles(text)
        keys = self._keys(runs)
        hashes = frozenset(hash(run) for run in runs)
        neighbours = {n for key in keys for n in _numbers(self._bands.get(key))}
        similarities = ((_jaccard(hashes, self._shingles[n]), -n) for n in neighbours)
        similarity, number = max(similarities, default=(0.0, 0))
        if neighbours and similarity >= self._threshold:
            return Match(self._names[-number], similarity)
        for key in keys:
            members = _numbers(self._bands.get(key))
            self._bands[key] = (*members, len(self._names)) if members else len(self._names)
        self._names.append(name)
        self._shingles.append(array("q", hashes))
        return None

    def _keys(self, runs: frozenset[str]) -> list[int]:
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
        sketch.update(sorted(runs))
        values, width = sketch.digest(), self._width
        starts = range(0, PERMUTATIONS - width + 1, width)
        return [hash((start, *values[start : start + width])) for start in starts]


def shingles(text: str) -> frozenset[str]:
    """Return the five-word shingles of a text in lower case.

    A text with fewer than five words forms a single shingle.
    """
    words = [word.lower() for word in split_words(text)]
    runs = zip(*(words[n:] for n in range(SHINGLE)), strict=False)
    return frozenset(" ".join(run) for run in runs) or frozenset({" ".join(words)})


def band_width(threshold: float) -> int:
    """Return the largest band width at which 99 % of pairs at the threshold share a band."""
    widths = [
        width
        for width in range(1, WIDEST + 1)
        if 1 - (1 - threshold**width) ** (PERMUTATIONS // width) >= RECALL
    ]
    return max(widths, default=1)


def _numbers(members: int | tuple[int, ...] | None) -> tuple[int, ...]:
    if members is None:
        return ()
    return (members,) if isinstance(members, int) else members


def _jaccard(a: frozenset[int], b: "array[int]") -> float:
    shared = len(a.intersection(b))
    return shared / (len(a) + len(b) - shared)


def find_near_duplicates(
    texts: Iterable[tuple[str, str]], threshold: float
) -> list[tuple[str, str]]:
    """Find pairs of near-duplicate texts, and return the names of the texts in each pair.

    If you drop the second text of each pair, no near-duplicates remain.
    """
    index = NearDuplicates(threshold)
    matches = ((index.add(name, text), name) for name, text in texts)
    return [(match.name, name) for match, name in matches if match]
