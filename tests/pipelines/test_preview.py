import pytest

from db.records import Candidate, CandidateKind
from pipelines.preview import preview_persona, preview_tone
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone


def test_tone_preview_is_reproducible(tone: Tone) -> None:
    records = preview_tone(tone)
    assert [type(record) for record in records] == [Candidate, Candidate]
    assert records == preview_tone(tone)


@pytest.mark.parametrize("kind", list(CandidateKind)[1:])
def test_persona_preview_has_each_kind_of_text(persona: Persona, kind: CandidateKind) -> None:
    records = preview_persona(persona)
    assert kind in [record.kind for record in records if isinstance(record, Candidate)]
