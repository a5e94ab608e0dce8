import pytest

from db.records import Candidate, CandidateKind
from pipelines.persona_file import Persona
from pipelines.preview import persona_preview, tone_preview
from pipelines.tone_file import Tone


def test_a_tone_shows_what_it_would_make(tone: Tone) -> None:
    shown = tone_preview(tone)
    assert [type(record) for record in shown] == [Candidate, Candidate]
    assert shown == tone_preview(tone)


@pytest.mark.parametrize("kind", list(CandidateKind)[1:])
def test_a_persona_shows_a_text_of_each_kind(persona: Persona, kind: CandidateKind) -> None:
    shown = persona_preview(persona)
    assert kind in [record.kind for record in shown if isinstance(record, Candidate)]
