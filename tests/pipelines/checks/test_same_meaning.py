from collections.abc import Sequence
from dataclasses import replace

import pytest

from db.records import CandidateKind
from pipelines.checks.campaign import CampaignChecks
from pipelines.checks.same_meaning import SameMeaning
from pipelines.plan import Resources
from pipelines.voices.persona import Persona
from tests.pipelines.checks.samples import STATEMENT

DIRECTIONS = {"nearly north": (0.995, 0.0998), "north": (1.0, 0.0), "east": (0.0, 1.0)}


def embed_direction(texts: Sequence[str]) -> list[tuple[float, float]]:
    """Vectors that depend only on the direction a text ends with."""
    return [next(v for word, v in DIRECTIONS.items() if text.endswith(word)) for text in texts]


def test_same_meaning_is_matched_with_its_similarity() -> None:
    index = SameMeaning(embed_direction, 0.95)
    assert index.add("a", "It is north") is None
    assert index.add("b", "It is east") is None
    match = index.add("c", "Go nearly north")
    assert match is not None
    assert (match.name, round(match.similarity, 3)) == ("a", 0.995)
    assert SameMeaning(embed_direction, 0.999).add("d", "nearly north") is None


def test_index_grows_beyond_its_first_capacity() -> None:
    index = SameMeaning(embed_direction, 0.5)
    for n in range(600):
        index.remember(replace(STATEMENT, text=f"{n} east"))
        if n == 300:
            assert index.add("again", "east") is not None
    assert index.add("x", "north") is None
    assert index.add("y", "north") == ("x", 1.0)


REWORDED = "Oh my, sir, how dreadful, the way there leads, if you will forgive me, nearly north"


@pytest.mark.parametrize("stored", [False, True])
def test_statement_with_the_same_meaning_is_rejected(persona: Persona, stored: bool) -> None:
    existing = [STATEMENT] if stored else []
    resources = Resources(embed=embed_direction, existing=existing)
    checks = CampaignChecks(persona=persona, resources=resources)
    if not stored:
        assert checks.run(STATEMENT) is None
    failure = checks.run(replace(STATEMENT, text=REWORDED))
    assert failure is not None
    assert (failure.reason, failure.detail) == ("same meaning", f"1.00 like {STATEMENT.id}")


def test_documents_are_not_compared_by_meaning(persona: Persona) -> None:
    checks = CampaignChecks(persona=persona, resources=Resources(embed=embed_direction))
    for text in (STATEMENT.text, REWORDED):
        document = replace(
            STATEMENT, kind=CandidateKind.DOCUMENT, text=f"{text[:-6]}. " * 3 + "north"
        )
        assert checks.run(document) is None
