"""Whether a statement means nearly the same as another, by the cosine of their embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.records import Candidate, CandidateKind
from pipelines.checks.check import CheckInput, Failure
from pipelines.checks.near_duplicates import Match
from pipelines.plan import EmbedFn

SAME_MEANING = 0.95  # chosen by docs/benchmarks/same_meaning.md
_FIRST_CAPACITY = 256


class SameMeaningCheck:
    """Rejects a statement that means nearly the same as an earlier one; needs an embedder."""

    def __init__(self, embed: EmbedFn | None) -> None:
        """A check that has seen no text yet; without `embed` every text passes."""
        self._index = MeaningIndex(SAME_MEANING, embed) if embed else None
        self._pending: list[Candidate] = []

    def remember(self, candidate: Candidate) -> None:
        """Add an existing candidate; embedding waits for the first check, to happen at once."""
        if self._index and candidate.kind is CandidateKind.STATEMENT:
            self._pending.append(candidate)

    def __call__(self, item: CheckInput) -> Failure | None:
        """Compare a statement with the earlier ones, and add it if it is new."""
        if self._index is None or item.candidate.kind is not CandidateKind.STATEMENT:
            return None
        self._index.extend([c.id for c in self._pending], [c.text for c in self._pending])
        self._pending.clear()
        match = self._index.add(item.candidate.id, item.text)
        return match.failure("same meaning", item.candidate) if match else None


class MeaningIndex:
    """Texts of which no two mean nearly the same."""

    def __init__(self, threshold: float, embed: EmbedFn) -> None:
        """An empty index.

        Args:
            threshold: the cosine, from 0 to 1, at which two texts count as the same.
            embed: returns a row of length 1 for each text.
        """
        self._threshold = threshold
        self._embed = embed
        self._names: list[str] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    def extend(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Add texts without comparing them."""
        if texts:
            self._append(names, np.asarray(self._embed(texts), dtype=np.float32))

    def add(self, name: str, text: str) -> Match | None:
        """Add a text and return None, or return the most similar text of the index."""
        vector = np.asarray(self._embed([text]), dtype=np.float32)
        if self._names:
            cosines = self._vectors[: len(self._names)] @ vector[0]
            nearest = int(cosines.argmax())
            if cosines[nearest] >= self._threshold:
                return Match(self._names[nearest], float(cosines[nearest]))
        self._append([name], vector)
        return None

    def _append(self, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        size, needed = len(self._names), len(self._names) + len(names)
        if needed > len(self._vectors):  # doubling the capacity keeps adding cheap
            capacity = max(_FIRST_CAPACITY, 2 * needed)
            larger = np.zeros((capacity, vectors.shape[1]), dtype=np.float32)
            larger[:size] = self._vectors[:size].reshape(size, vectors.shape[1])
            self._vectors = larger
        self._vectors[size:needed] = vectors
        self._names.extend(names)
