"""What our own measures suggest to a reviewer."""

from collections.abc import Iterator

from annotation.items import Suggestion, judged_text
from db.records import Candidate, CandidateKind
from evaluation.content import CONTENT_SOURCE, names_kept, numbers_kept
from evaluation.tone import TONE_SOURCE, conversational


def suggestions_of(candidate: Candidate, measures: dict[str, float]) -> Iterator[Suggestion]:
    """What our measures suggest of a candidate; `measures` are those of tone of its text."""
    if candidate.kind is CandidateKind.CONVERSATION:
        tone = 4 if conversational(measures) else 2
        yield Suggestion("tone", tone, None, TONE_SOURCE)
    if candidate.traits:
        yield Suggestion("traits", candidate.traits, None, candidate.provenance.teacher)
    if candidate.reference:
        kept = _facts_kept(candidate)
        yield Suggestion("faithful", "yes" if kept == 1 else "partly", kept, CONTENT_SOURCE)


def _facts_kept(candidate: Candidate) -> float:
    """The lower of the shares of the plain answer's numbers and names that the rewrite holds."""
    text = judged_text(candidate)
    shares = (numbers_kept(candidate.reference, text), names_kept(candidate.reference, text))
    return round(min((share for share in shares if share is not None), default=1.0), 2)
