from collections import Counter

from db.records import Candidate, CandidateKind, Passage, Role
from pipelines.persona_file import Persona
from pipelines.personas import persona_candidates
from pipelines.plan import GenerationPlan


def test_each_topic_becomes_a_statement_a_dialogue_and_a_document(
    passages: list[Passage], persona: Persona
) -> None:
    made = list(persona_candidates(passages, persona, GenerationPlan("droid")))
    kinds = [record.kind for record in made if isinstance(record, Candidate)]
    assert kinds == [*GenerationPlan("droid").kinds] * 3


def test_every_text_shows_the_traits_it_names(passages: list[Passage], persona: Persona) -> None:
    for record in persona_candidates(passages, persona, GenerationPlan("droid")):
        assert isinstance(record, Candidate)
        own = record.text or " ".join(m.content for m in record.messages if m.role != Role.USER)
        assert len(record.traits) == 2
        assert all(persona.trait(name).shown_in(own) for name in record.traits)
        assert record.persona == f"C-3PO@{persona.fingerprint[:12]}"


def test_every_trait_is_asked_for_equally_often(persona: Persona) -> None:
    topics = [
        Passage(article="a", section="", position=n, text=f"The town has {n} wells and a mill.")
        for n in range(20)
    ]
    plan = GenerationPlan("droid", kinds=(CandidateKind.DOCUMENT,))
    made = [r for r in persona_candidates(topics, persona, plan) if isinstance(r, Candidate)]
    asked = Counter(trait for record in made for trait in record.traits)
    assert set(asked.values()) == {8}


def test_a_dialogue_is_grounded_in_its_topic_and_ends_with_the_persona(
    passages: list[Passage], persona: Persona
) -> None:
    plan = GenerationPlan("droid", kinds=(CandidateKind.DIALOGUE,))
    for passage, record in zip(passages, persona_candidates(passages, persona, plan), strict=True):
        assert isinstance(record, Candidate)
        assert [m.role for m in record.messages] == [Role.USER, Role.ASSISTANT] * 2
        assert any(s in passage.text for s in record.messages[1].content.split(". "))
