"""Check that a text has nothing that the voice's criteria forbid, such as banned words."""

from db.records import CandidateKind
from pipelines.checks.check import CheckInput, Failure


def check_rules(item: CheckInput) -> Failure | None:
    """Reject a text with something that its tone or persona forbids.

    Documents about a persona aren't in its voice, so they're not checked.
    """
    if item.candidate.kind is CandidateKind.DOCUMENT:
        return None
    violation = item.rules.find_violation(item.assistant_text)
    return Failure("against a rule of the voice", violation) if violation else None
