"""Check that a text contains nothing that the criteria of its tone or persona forbid."""

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure


def check_rules(item: CheckInput) -> Failure | None:
    """Reject a text that contains something forbidden, such as a banned word.

    Documents about a persona aren't written in the persona's voice, so they aren't checked.
    """
    if item.candidate.kind is CandidateKind.DOCUMENT:
        return None
    violation = item.rules.find_violation(item.assistant_text)
    return Failure("against a rule of the voice", violation) if violation else None
