from collections.abc import Iterator
from pathlib import Path

from db.records import Candidate, CandidateKind, Passage, Rejection, Role
from pipelines.conversations import conversations
from pipelines.journal import Journal
from pipelines.plan import GenerationPlan
from pipelines.tone_file import Tone


def test_each_passage_becomes_a_question_and_an_answer_about_it(
    passages: list[Passage], tone: Tone
) -> None:
    made = list(conversations(passages, tone, GenerationPlan("bridges")))
    assert [type(record) for record in made] == [Candidate] * 3
    for passage, candidate in zip(passages, made, strict=True):
        assert isinstance(candidate, Candidate)
        user, assistant = candidate.messages
        assert user.content == f"{passage.text}\n\n{candidate.question}"
        assert assistant.role is Role.ASSISTANT
        assert candidate.reference in passage.text
        assert candidate.passage == passage.id
        assert candidate.kind is CandidateKind.CONVERSATION
        assert candidate.provenance.prompts == ("question.v1", "plain_answer.v1", "tone_answer.v1")


def test_the_same_seed_makes_the_same_candidates_whatever_stands_beside_them(
    passages: list[Passage], tone: Tone
) -> None:
    together = list(conversations(passages, tone, GenerationPlan("bridges", seed=5)))
    alone = [
        record
        for passage in passages
        for record in conversations([passage], tone, GenerationPlan("bridges", seed=5))
    ]
    assert [r.id for r in together] == [r.id for r in alone]


def test_another_seed_makes_other_candidates(passages: list[Passage], tone: Tone) -> None:
    first = {r.id for r in conversations(passages, tone, GenerationPlan("bridges", seed=1))}
    second = {r.id for r in conversations(passages, tone, GenerationPlan("bridges", seed=2))}
    assert not first & second


def test_several_questions_about_a_passage_differ(passages: list[Passage], tone: Tone) -> None:
    plan = GenerationPlan("bridges", questions_per_passage=3)
    made = [r for r in conversations(passages[:1], tone, plan) if isinstance(r, Candidate)]
    assert len({r.question for r in made}) == len({r.reference for r in made}) == len(made) > 1


def test_a_limit_counts_candidates(passages: list[Passage], tone: Tone) -> None:
    assert len(list(conversations(passages, tone, GenerationPlan("bridges", limit=2)))) == 2


def test_a_passage_no_rule_fits_is_refused_with_the_prompt_that_failed(tone: Tone) -> None:
    passage = Passage(article="a", section="", position=0, text="Lorem, ipsum; dolor (sit).")
    (refused,) = conversations([passage], tone, GenerationPlan("bridges"))
    assert isinstance(refused, Rejection)
    assert (refused.stage, refused.subject) == ("generate", passage.id)
    assert (refused.reason, refused.detail) == ("no reply", "question.v1: questions")


def test_a_second_run_takes_every_reply_from_the_journal(
    passages: list[Passage], tone: Tone, tmp_path: Path
) -> None:
    plan = GenerationPlan("bridges", journal=tmp_path / "run" / "replies.jsonl")
    first = list(conversations(passages, tone, plan))
    written = (tmp_path / "run" / "replies.jsonl").read_bytes()
    assert list(conversations(passages, tone, plan)) == first
    assert (tmp_path / "run" / "replies.jsonl").read_bytes() == written
    with Journal(plan.journal) as journal:
        assert len(journal) == 9


def test_the_first_candidate_comes_before_the_last_passage_is_read(
    passages: list[Passage], tone: Tone
) -> None:
    read = 0

    def many() -> Iterator[Passage]:
        nonlocal read
        for position in range(2000):
            read += 1
            yield Passage(article="a", section="", position=position, text=passages[0].text)

    next(conversations(many(), tone, GenerationPlan("bridges")))
    assert read < 2000
