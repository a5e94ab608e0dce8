"""Check that the length of a text is within the limits for its kind."""

from db.records import CandidateKind
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
    if item.candidate.kind is CandidateKind.CONVERSATION:
        # The voice says itself how long its answers are.
        shortest = shortest if item.rules.shortest is None else item.rules.shortest
        longest = longest if item.rules.longest is None else item.rules.longest
    count = len(split_words(item.text))
    if shortest <= count <= longest:
        return None
    return Failure("length", f"{count} words, expected {shortest} to {longest}")
