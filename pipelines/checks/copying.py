"""Check that a text was rewritten rather than copied from its source."""

from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import split_words

COPIED = 0.95
_RUN = 5


def check_copying(item: CheckInput) -> Failure | None:
    """Reject a text that takes almost all five-word sequences from the plain answer or passage."""
    reference = item.candidate.reference
    share = copied_share(item.assistant_text, reference or item.passage)
    if share < COPIED:
        return None
    source = "the plain answer's" if reference else "the passage's"
    return Failure("copied", f"{share:.0%} of its runs of five words are {source}")


def copied_share(text: str, source: str) -> float:
    """Return the share (0 to 1) of a text's five-word sequences that occur in the source."""
    runs = _runs(text)
    source_runs = set(_runs(source))
    return sum(run in source_runs for run in runs) / len(runs) if runs else 0.0


def _runs(text: str) -> list[tuple[str, ...]]:
    words = [word.lower() for word in split_words(text)]
    return [tuple(words[n : n + _RUN]) for n in range(len(words) - _RUN + 1)]
