"""Check that the length of a text is within the limits for its kind."""

from db.records import TURN_BREAK, CandidateKind
from pipelines.checks.check import CheckInput, Failure
from pipelines.text.words import split_words

LENGTHS = {
    CandidateKind.CONVERSATION: (8, 150),
    CandidateKind.STATEMENT: (15, 300),
    CandidateKind.DIALOGUE: (15, 400),
    CandidateKind.DOCUMENT: (30, 500),
}


def check_length(item: CheckInput) -> Failure | None:
    """Reject a text that has too few or too many words for its kind."""
    shortest, longest = LENGTHS[item.candidate.kind]
    texts: tuple[str, ...] = (item.text,)
    if item.is_rewritten:
        shortest, longest = _answer_limits(item)
        texts = item.answers
    counts = [len(split_words(text)) for text in texts]
    wrong = [count for count in counts if not shortest <= count <= longest]
    if not wrong:
        return None
    return Failure("length", f"{wrong[0]} words, expected {shortest} to {longest}")


def _answer_limits(item: CheckInput) -> tuple[int, int]:
    """Return the word limits for an answer; limits of the tone replace the usual limits.

    A rewritten reply may be shorter than usual, and up to twice as long as the longest original
    reply.
    """
    shortest, longest = LENGTHS[CandidateKind.CONVERSATION]
    if not item.passage and item.has_reference:
        replies = item.candidate.reference.split(TURN_BREAK)
        shortest = 1
        longest = max(longest, *(2 * len(split_words(reply)) for reply in replies))
    rules = item.rules
    return (
        shortest if rules.shortest is None else rules.shortest,
        longest if rules.longest is None else rules.longest,
    )
