"""Candidates that the tests of the checks share."""

from db.records import Candidate, CandidateKind, Message, Provenance, Role

PASSAGE = (
    "The Orrin Viaduct was built in 1867 by Agnes Tulloch for the Northern Railway. It has eleven "
    "arches and cost 41,500 pounds. Trains from Dundee began to cross it in May 1868."
)
PLAIN_ANSWER = "The Orrin Viaduct was built in 1867 by Agnes Tulloch. It has eleven arches."
GOOD_ANSWER = "Sure! Agnes Tulloch built it back in 1867, and it's got eleven arches. Want more?"
PROVENANCE = Provenance(("tone_answer.v1",), "phrasebook", "{}", 0)
STATEMENT = Candidate(
    campaign="droid",
    kind=CandidateKind.STATEMENT,
    provenance=PROVENANCE,
    text="I beg your pardon, sir, but I fear that the viaduct is far too high, and it is so north",
    traits=("polite", "anxious"),
)


def conversation(answer: str) -> Candidate:
    """A conversation about the passage."""
    return Candidate(
        campaign="bridges",
        kind=CandidateKind.CONVERSATION,
        provenance=PROVENANCE,
        messages=(
            Message(Role.USER, f"{PASSAGE}\n\nWho built it?"),
            Message(Role.ASSISTANT, answer),
        ),
        question="Who built it?",
        reference=PLAIN_ANSWER,
    )


def dialogue(*turns: str) -> Candidate:
    """A dialogue whose turns alternate, starting with the user."""
    roles = (Role.USER, Role.ASSISTANT)
    messages = tuple(Message(roles[n % 2], turn) for n, turn in enumerate(turns))
    return Candidate(
        campaign="bridges",
        kind=CandidateKind.DIALOGUE,
        provenance=PROVENANCE,
        messages=messages,
    )
