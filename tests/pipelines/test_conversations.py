from collections.abc import Iterator
from pathlib import Path

from db.records import Candidate, CandidateKind, Passage, Rejection, Role
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone


def test_passage_becomes_a_question_and_an_answer_about_it(
    passages: list[Passage], tone: Tone
) -> None:
    records = list(generate_conversations(passages, tone, GenerationPlan("bridges")))
    assert [type(record) for record in records] == [Candidate] * 3
    for passage, candidate in zip(passages, records, strict=True):
        assert isinstance(candidate, Candidate)
        user, assistant = candidate.messages
        assert user.content == f"{passage.text}\n\n{candidate.question}"
        assert assistant.role is Role.ASSISTANT
        assert candidate.reference in passage.text
        assert candidate.passage == passage.id
        assert candidate.kind is CandidateKind.CONVERSATION
        assert candidate.provenance.prompts == ("question.v1", "plain_answer.v1", "tone_answer.v1")


def test_same_seed_gives_the_same_candidates_in_any_company(
    passages: list[Passage], tone: Tone
) -> None:
    together = list(generate_conversations(passages, tone, GenerationPlan("bridges", seed=5)))
    alone = [
        record
        for passage in passages
        for record in generate_conversations([passage], tone, GenerationPlan("bridges", seed=5))
    ]
    assert [r.id for r in together] == [r.id for r in alone]


def test_other_seed_gives_other_candidates(passages: list[Passage], tone: Tone) -> None:
    first = {
        r.id for r in generate_conversations(passages, tone, GenerationPlan("bridges", seed=1))
    }
    second = {
        r.id for r in generate_conversations(passages, tone, GenerationPlan("bridges", seed=2))
    }
    assert not first & second


def test_several_questions_about_a_passage_differ(passages: list[Passage], tone: Tone) -> None:
    plan = GenerationPlan("bridges", questions_per_passage=3)
    records = generate_conversations(passages[:1], tone, plan)
    candidates = [r for r in records if isinstance(r, Candidate)]
    questions, references = {c.question for c in candidates}, {c.reference for c in candidates}
    assert len(questions) == len(references) == len(candidates) > 1


def test_limit_counts_candidates(passages: list[Passage], tone: Tone) -> None:
    assert (
        len(list(generate_conversations(passages, tone, GenerationPlan("bridges", limit=2)))) == 2
    )


def test_passage_without_a_question_is_rejected_with_the_prompt_that_failed(tone: Tone) -> None:
    passage = Passage(article="a", section="", position=0, text="Lorem, ipsum; dolor (sit).")
    (rejection,) = generate_conversations([passage], tone, GenerationPlan("bridges"))
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.subject) == ("generate", passage.id)
    assert (rejection.reason, rejection.detail) == ("no reply", "question.v1: questions")


def test_second_run_takes_every_reply_from_the_journal(
    passages: list[Passage], tone: Tone, tmp_path: Path
) -> None:
    plan = GenerationPlan("bridges", journal=tmp_path / "run" / "replies.jsonl")
    first = list(generate_conversations(passages, tone, plan))
    content = (tmp_path / "run" / "replies.jsonl").read_bytes()
    assert list(generate_conversations(passages, tone, plan)) == first
    assert (tmp_path / "run" / "replies.jsonl").read_bytes() == content
    assert len(content.splitlines()) == 9


def test_first_candidate_comes_before_the_last_passage_is_read(
    passages: list[Passage], tone: Tone
) -> None:
    read = 0

    def many() -> Iterator[Passage]:
        nonlocal read
        for position in range(2000):
            read += 1
            yield Passage(article="a", section="", position=position, text=passages[0].text)

    next(generate_conversations(many(), tone, GenerationPlan("bridges")))
    assert read < 2000
