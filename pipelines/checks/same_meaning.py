"""Detect statements with nearly the same meaning by the cosine similarity of their embeddings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.records import Candidate, CandidateKind
from pipelines.checks.check import CheckInput, Failure
from pipelines.checks.near_duplicates import Match
from pipelines.plan import EmbedFn

SAME_MEANING = 0.95  # chosen by docs/benchmarks/same_meaning.md
_FIRST_CAPACITY = 256


class SameMeaning:
    """An index of statements with different meanings.

    Used as a check, the index rejects a statement that means the same as an earlier statement.
    """

    def __init__(self, embed: EmbedFn, threshold: float = SAME_MEANING) -> None:
        """Create an empty index.

        Two texts have the same meaning if the cosine of their embeddings is at least `threshold`.
        """
        self._embed = embed
        self._threshold = threshold
        self._names: list[str] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._pending: dict[str, str] = {}

    def __call__(self, item: CheckInput) -> Failure | None:
        """Reject a statement that means the same as an earlier one, or else add it to the index."""
        if item.candidate.kind is not CandidateKind.STATEMENT:
            return None
        match = self.add(item.candidate.id, item.text)
        return match.failure("same meaning", item.candidate) if match else None

    def remember(self, candidate: Candidate) -> None:
        """Add an existing candidate to the index.

        Existing candidates are embedded together when the first text is checked.
        """
        if candidate.kind is CandidateKind.STATEMENT:
            self._pending[candidate.id] = candidate.text

    def add(self, name: str, text: str) -> Match | None:
        """Return the text in the index that has the same meaning, or add the new text to the index.

        Returns None if the text was added.
        """
        if self._pending:
            pending, self._pending = self._pending, {}
            self._append([*pending], self._embed([*pending.values()]))
        vector = np.asarray(self._embed([text]), dtype=np.float32)
        if self._names:
            cosines = self._vectors[: len(self._names)] @ vector[0]
            nearest = int(cosines.argmax())
            if cosines[nearest] >= self._threshold:
                return Match(self._names[nearest], float(cosines[nearest]))
        self._append([name], vector)
        return None

    def _append(self, names: list[str], rows: Any) -> None:
        vectors = np.asarray(rows, dtype=np.float32)
        size, needed = len(self._names), len(self._names) + len(names)
        if needed > len(self._vectors):  # doubling the capacity keeps adding cheap
            capacity = max(_FIRST_CAPACITY, 2 * needed)
            larger = np.zeros((capacity, vectors.shape[1]), dtype=np.float32)
            larger[:size] = self._vectors[:size].reshape(size, vectors.shape[1])
            self._vectors = larger
        self._vectors[size:needed] = vectors
        self._names.extend(names)
