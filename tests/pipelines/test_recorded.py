"""`recorded:NAME`: the recordings reply to every prompt of the demo's campaigns on the sample."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.teachers.recorded import NOT_RECORDED, replies_path
from pipelines.teachers.registry import build_teacher
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone, TonePhrases
from recipes.recordings import build
from timbre.campaign import load_tone

PLAN = GenerationPlan("c", teacher="recorded:written", seed=7)


def test_written_texts_cover_the_sample_and_pass_every_check() -> None:
    counts: Counter[str] = Counter()
    for campaign, topics in build.sample_topics():
        if isinstance(campaign.voice, Tone):
            records = list(generate_conversations(topics.values(), campaign.voice, PLAN))
        else:
            records = list(generate_persona_texts(topics.values(), campaign.voice, PLAN))
        counts.update(r.kind if isinstance(r, Candidate) else r.reason for r in records)
    assert counts == {"conversation": 175, "statement": 48, "dialogue": 48, "document": 48}


def test_written_persona_texts_show_the_traits_that_their_prompts_ask_for() -> None:
    (_, (campaign, topics)) = build.sample_topics()
    assert isinstance(campaign.voice, Persona)
    markers = {trait.name: trait.markers for trait in campaign.voice.traits}
    records = list(generate_persona_texts(topics.values(), campaign.voice, PLAN))
    for record in records:
        assert isinstance(record, Candidate)
        text = record.review_text.lower()
        for trait in record.traits:
            found = [m for m in markers[trait] if re.search(rf"\b{re.escape(m)}\b", text)]
            assert found, (trait, record.review_text)


def test_a_text_for_another_topic_or_for_other_traits_is_not_used() -> None:
    (_, (campaign, topics)) = build.sample_topics()
    first, second, *rest = topics
    swapped = {name: topics[name] for name in (second, first, *rest)}
    _, texts = build.rows_and_texts(campaign, swapped, PLAN)
    assert texts.count(None) == 6


def test_recording_can_be_built_again_from_its_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "replies_path", lambda _: tmp_path / "replies.jsonl")
    build.main()
    assert (tmp_path / "replies.jsonl").read_bytes() == replies_path("written").read_bytes()


def test_other_passage_has_no_recorded_reply() -> None:
    text = "The Orrin Viaduct was built in 1867 by the engineer Agnes Tulloch of Dundee."
    passage = Passage(article="a", section="", position=0, text=text)
    (rejection,) = generate_conversations([passage], load_tone("conversational"), PLAN)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == NOT_RECORDED


def test_provenance_says_what_was_recorded_and_when() -> None:
    _, topics = next(build.sample_topics())
    passages = [*topics.values()][:1]
    (candidate,) = generate_conversations(passages, load_tone("conversational"), PLAN)
    assert isinstance(candidate, Candidate)
    parameters = json.loads(candidate.provenance.parameters)
    assert parameters["date"] == "2026-11-28"
    assert "not recorded from a model" in parameters["description"]
    assert candidate.provenance.teacher == "recorded:written"


@pytest.mark.parametrize(
    ("teacher", "seed", "message"),
    [
        ("recorded:nothing", 7, "no recording “nothing”. Choose one of these: .*written"),
        ("recorded:written", 8, "were recorded with the seed 7"),
        ("recorded:written@http://localhost/v1", 7, "takes no URL"),
    ],
)
def test_recording_that_cannot_be_used_is_an_error(teacher: str, seed: int, message: str) -> None:
    with pytest.raises(TeacherError, match=message):
        build_teacher(GenerationPlan("c", teacher=teacher, seed=seed), TonePhrases())
