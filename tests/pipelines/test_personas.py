from collections import Counter

from db.records import Candidate, CandidateKind, Passage, Role
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.voices.persona import Persona


def test_topic_becomes_a_statement_a_dialogue_and_a_document(
    passages: list[Passage], persona: Persona
) -> None:
    records = list(generate_persona_texts(passages, persona, GenerationPlan("droid")))
    kinds = [record.kind for record in records if isinstance(record, Candidate)]
    assert kinds == [*GenerationPlan("droid").kinds] * 3


def test_every_text_shows_the_traits_it_names(passages: list[Passage], persona: Persona) -> None:
    for record in generate_persona_texts(passages, persona, GenerationPlan("droid")):
        assert isinstance(record, Candidate)
        written = record.text or " ".join(m.content for m in record.messages if m.role != Role.USER)
        assert len(record.traits) == 2
        assert all(persona.trait(name).shown_in(written) for name in record.traits)
        assert record.persona == f"C-3PO@{persona.fingerprint[:12]}"


def test_every_trait_is_asked_for_equally_often(persona: Persona) -> None:
    topics = [
        Passage(article="a", section="", position=n, text=f"The town has {n} wells and a mill.")
        for n in range(20)
    ]
    plan = GenerationPlan("droid", kinds=(CandidateKind.DOCUMENT,))
    records = generate_persona_texts(topics, persona, plan)
    traits = Counter(
        t for record in records if isinstance(record, Candidate) for t in record.traits
    )
    assert set(traits.values()) == {8}


def test_dialogue_quotes_its_topic_and_ends_with_the_persona(
    passages: list[Passage], persona: Persona
) -> None:
    plan = GenerationPlan("droid", kinds=(CandidateKind.DIALOGUE,))
    for passage, record in zip(
        passages, generate_persona_texts(passages, persona, plan), strict=True
    ):
        assert isinstance(record, Candidate)
        assert [m.role for m in record.messages] == [Role.USER, Role.ASSISTANT] * 2
        assert any(s in passage.text for s in record.messages[1].content.split(". "))
