"""What the studies cache, show, draw and plan, without training anything."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from db.records import CandidateKind, Example, Message, Output, Role, Split
from evaluation.arms import average_arms
from evaluation.measures.persona import shows
from studies.config import PersonaStudy, Questions, ToneStudy
from studies.errors import StudyError
from studies.knowledge import Distractors, persona_questions
from studies.persona import KINDS, PersonaCell, held_out_texts, persona_grid, select_examples
from studies.result_cache import ResultCache, StudyContext
from studies.strategies import PromptContext, Shots, passage_of, with_examples
from studies.tone import draw_examples, tone_grid
from studies.training import train_with_checkpoints
from tests.evaluation.samples import PLAIN, TALK
from tests.studies.samples import (
    SPOKEN,
    Budget,
    arm,
    conversations,
    output,
    persona_examples,
    persona_subject,
    task,
)
from timbre.campaign import load_persona
from timbre.config import read_config
from trainer.arms import Decoding
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.models.adapter import METADATA

CONFIGS = Path(__file__).parents[2] / "configs" / "studies"


class WordChat:
    """Counts words instead of tokens."""

    def encode_example(self, example: Example) -> Any:
        text = example.text or " ".join(m.content for m in example.messages)
        return SimpleNamespace(ids=text.split())


CHAT = cast("Chat", WordChat())


def test_stored_outputs_are_not_generated_again(tmp_path: Path) -> None:
    cache, outputs = ResultCache(tmp_path), [output("p", "It’s done.")]
    calls: list[str] = []

    def generate() -> list[Output]:
        calls.append("once")
        return outputs

    first = cache.outputs({"cell": 1}, generate)
    assert first == cache.outputs({"cell": 1}, generate) == tuple(outputs)
    assert calls == ["once"]
    assert cache.has({"cell": 1})
    assert not cache.has({"cell": 2})


def test_a_damaged_result_is_computed_again(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    cache.get_or_compute({"cell": 1}, lambda: {"x": 1})
    cache.folder_for({"cell": 1}).with_suffix(".json").write_text('{"key"')
    assert not cache.has({"cell": 1})
    assert list(cache.entries()) == []
    assert cache.get_or_compute({"cell": 1}, lambda: {"x": 2})["x"] == 2
    assert [entry["x"] for entry in cache.entries()] == [2]


def test_a_second_process_cannot_lock_the_cache(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    locked = pytest.raises(TrainerError, match="process")
    with cache.lock(), locked, ResultCache(tmp_path).lock():
        pytest.fail("both locked the cache")
    with cache.lock():
        assert not list(cache.entries())


def test_a_failed_computation_stores_nothing(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute({"cell": 1}, lambda: {"x": 1 // 0})
    assert not cache.has({"cell": 1})


def test_progress_is_reported_with_its_step(tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    context = StudyContext(ResultCache(tmp_path), lambda *values: reports.append(values))
    context.progress("training")(1, 2)
    StudyContext(ResultCache(tmp_path)).progress("training")(1, 2)
    assert reports == [("training", 1, 2)]


def test_fixed_examples_are_shown_before_every_prompt() -> None:
    context = PromptContext(conversations(), 2, Decoding(), SPOKEN)
    prompts = conversations(Split.TEST)
    shown = with_examples(Shots.FIXED, prompts, context)
    assert {len(example.messages) for example in shown.values()} == {6}
    assert all(e.messages[:4] == shown[prompts[0].id].messages[:4] for e in shown.values())
    assert with_examples(Shots.NONE, prompts, context) == {prompt.id: prompt for prompt in prompts}


def test_the_nearest_example_is_the_last_before_its_prompt() -> None:
    context = PromptContext(conversations(), 2, Decoding(), SPOKEN)
    prompts = conversations(Split.TEST)
    shown = with_examples(Shots.NEAREST, prompts, context)
    for prompt in prompts:  # the examples contain the very same question
        assert shown[prompt.id].messages[2].content == prompt.messages[0].content


def test_the_passage_of_a_prompt_is_what_precedes_its_question() -> None:
    (first, *_) = conversations()
    assert passage_of(first) == "The passage."


def test_a_tone_grid_has_the_other_precisions_only_at_the_largest_size() -> None:
    study = ToneStudy("demo", sizes=(8, 4), precisions=("float32", "int8"), seeds=(0, 1))
    cells = [(cell.size, cell.precision, cell.seed) for cell in tone_grid(study, task())]
    assert cells[:2] == [(4, "float32", 0), (4, "float32", 1)]
    assert Counter(precision for _, precision, _ in cells) == {"float32": 4, "int8": 2}


def test_a_size_above_the_number_of_examples_is_rejected() -> None:
    with pytest.raises(StudyError, match="`sizes` is 30, but there are only 8 training"):
        list(tone_grid(ToneStudy("demo", sizes=(30, 10)), task()))


def test_a_larger_draw_contains_the_smaller_one_and_seeds_draw_differently() -> None:
    examples = conversations()
    assert draw_examples(examples, 3, 0) == draw_examples(examples, 6, 0)[:3]
    assert draw_examples(examples, 6, 0) != draw_examples(examples, 6, 1)


def test_seeds_are_averaged_prompt_by_prompt() -> None:
    both = average_arms([arm("a", "A", TALK, 0.8), arm("b", "B", PLAIN, 0.6)], "both", "Both")
    assert len(both.outputs) == 8
    assert {row.measures["spoken"] for row in both.outputs} == {0.5}


@pytest.mark.parametrize("budget", ["examples", "tokens"])
def test_every_format_gets_the_same_budget(budget: Budget) -> None:
    study, subject = PersonaStudy(("demo-persona",), budgets=(budget,)), persona_subject()
    selected = {c.form: select_examples(c, study, subject, CHAT) for c in persona_grid(study)}
    lengths = {
        form: [len(CHAT.encode_example(e).ids) for e in examples]
        for form, examples in selected.items()
    }
    sizes = {form: sum(each) for form, each in lengths.items()}
    if budget == "examples":
        assert {len(examples) for examples in selected.values()} == {5}
        assert sizes["documents"] > 2 * sizes["dialogues"]
    else:
        longest = max(max(each) for each in lengths.values())
        least = sizes["dialogues"]  # the shortest texts, of which all are used
        assert all(least - longest < size <= least for size in sizes.values())
    assert {e.kind for e in selected["mix"]} == set(KINDS.values())
    assert all(e.split is Split.TRAIN for examples in selected.values() for e in examples)


def test_dialogues_can_be_trained_with_the_system_prompt() -> None:
    study = PersonaStudy(("demo-persona",), train_with_system=True)
    cell = PersonaCell("dialogues", "examples", 0)
    selected = select_examples(cell, study, persona_subject(), CHAT)
    assert {e.messages[0] for e in selected} == {Message(Role.SYSTEM, "You are Marlo.")}


def test_no_scored_text_is_trained_on() -> None:
    study, subject = PersonaStudy(("demo-persona",)), persona_subject()
    selected = [select_examples(cell, study, subject, CHAT) for cell in persona_grid(study)]
    trained = {example.id for examples in selected for example in examples}
    scored = {e.id for texts in held_out_texts(study, subject).values() for e in texts}
    assert scored
    assert not trained & scored
    assert {e.kind for e in persona_examples()} == set(KINDS.values())


def test_a_format_without_examples_is_rejected() -> None:
    study = PersonaStudy(("demo-persona",))
    examples = tuple(e for e in persona_examples() if e.kind is not CandidateKind.STATEMENT)
    subject = replace(persona_subject(), examples=examples)
    with pytest.raises(StudyError, match="“demo-persona” has no statements to train on"):
        select_examples(next(persona_grid(study)), study, subject, CHAT)


def test_persona_questions_cover_traits_and_facts_with_one_right_answer() -> None:
    distractors = Distractors(("Warm.",), ("A droid.",))
    facts = ["I ran a ferry."]
    questions = list(persona_questions("Marlo", [("dry", "Jokes.")], facts, distractors))
    assert [question.about for question in questions] == ["dry", "dry", "dry", "facts"]
    assert all(question.right not in question.wrong for question in questions)


def test_adapters_are_found_by_step_whatever_its_number_of_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("adapter", "steps/5", "steps/10", "steps/15.part"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / METADATA).write_text("{}")
    result = SimpleNamespace(
        adapter=tmp_path / "adapter",
        metrics={"steps": 15, "tokens": 9},
        losses=(),
        seconds=1.0,
        device="a CPU",
        precision="float32",
    )
    monkeypatch.setattr("studies.training.train", lambda *_, **__: result)
    trained = train_with_checkpoints((), TrainingConfig("mini"), tmp_path, lambda *_: None)
    assert sorted(trained.adapters) == [5, 10, 15]
    assert trained.last_step == 15


def test_every_shipped_study_is_valid() -> None:
    tones = [read_config(ToneStudy, path) for path in sorted(CONFIGS.glob("tone-*.toml"))]
    personas = [read_config(PersonaStudy, path) for path in sorted(CONFIGS.glob("persona-*.toml"))]
    assert len(tones) == 4
    assert {len(study.providers) for study in tones} == {0, 2}
    assert len(personas) == 4


def test_every_shipped_question_is_valid() -> None:
    folder = CONFIGS.parent / "questions"
    files = {p.stem: read_config(Questions, p) for p in folder.iterdir()}
    assert len(files["general"].choices) == 40
    assert {len(question.wrong) for question in files["general"].choices} == {3}
    for name in ("marlo", "c-3po"):
        persona = load_persona(CONFIGS.parent / "personas" / f"{name}.toml")
        subjects = {question.about for question in files[name].open}
        assert {trait.name for trait in persona.traits} < subjects
        assert all(question.asks and question.holds for question in files[name].open)


def test_the_persona_files_contain_the_answers_to_their_open_questions() -> None:
    for name in ("marlo", "c-3po"):
        persona = load_persona(CONFIGS.parent / "personas" / f"{name}.toml")
        questions = read_config(Questions, CONFIGS.parent / "questions" / f"{name}.toml").open
        facts = " ".join(f"{fact.first} {fact.third}" for fact in persona.facts)
        traits = {trait.name: trait for trait in persona.traits}
        for question in questions:
            trait = traits.get(question.about)
            text = f"{trait.description} {' '.join(trait.reported)}" if trait else facts
            assert shows(text, question.holds), question.about
