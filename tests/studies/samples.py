"""Studies' results made of written answers, without a model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from db.records import CandidateKind, Example, Message, Output, Role, Split
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.measures.criteria import Bound, persona_criterion, tone_criterion
from studies.costs import Usage
from studies.knowledge import MultipleChoice, OpenQuestion
from studies.ladder import Ladder, LadderConfig, PromptingTask, StrategyResult, prompting_strategies
from studies.likelihood import Fit
from studies.persona import (
    ModelResult,
    PersonaCell,
    PersonaResult,
    PersonaStudy,
    Subject,
)
from studies.probes import prompt, prompt_sets
from studies.strategies import PromptingStrategy
from studies.tone import CellResult, ToneCell, ToneResult, ToneStudy
from tests.evaluation.samples import MIXED, PLAIN, SUBJECTS, TALK, answers
from trainer.config import TrainingConfig

AIM = tone_criterion("spoken", [Bound("words_per_sentence", at_most=20)], 1, ["contractions"])
TRAITS = persona_criterion({"dry": ("not my worst",), "patient": ("no hurry", "sir")})

OPEN = (
    OpenQuestion(
        "patient", ("What is Marlo like?", "Is Marlo easily hurried?"), ("waits", "patient")
    ),
    OpenQuestion(
        "the boat", ("What was the boat called?", "Your boat's name?"), ("Second Thought",)
    ),
    OpenQuestion("the cat", ("What is the cat called?",), ("Ballast",)),
)
GENERAL = tuple(
    MultipleChoice("words", f"What is word {n}?", "A word.", ("A stone.", "A fish.", "A star."))
    for n in range(8)
)


def example(text: str, answer: str, split: Split = Split.TRAIN, article: str = "a") -> Example:
    """A conversation about a passage."""
    return Example(
        candidate=f"c{text}",
        verdict="v",
        kind=CandidateKind.CONVERSATION,
        split=split,
        messages=(
            Message(Role.USER, f"The passage.\n\nWhat is the {text}?"),
            Message(Role.ASSISTANT, answer),
        ),
        question=f"What is the {text}?",
        reference=answer,
        article=article,
    )


def conversations(split: Split = Split.TRAIN) -> tuple[Example, ...]:
    """Eight conversations, two an article."""
    texts = zip(SUBJECTS, answers(PLAIN), strict=True)
    return tuple(example(s, text, split, f"a{i // 2}") for i, (s, text) in enumerate(texts))


def output(prompt_id: str, text: str, arm: str = "base") -> Output:
    return Output(
        prompt=prompt_id, arm=arm, run=None, messages=(Message(Role.USER, "?"),), text=text,
        generation="{}", seed=0, output_tokens=len(text.split()), seconds=0.2,
    )  # fmt: skip


def arm(name: str, label: str, template: str, alike: float) -> MeasuredArm:
    rows = tuple(
        MeasuredOutput(f"p{i}", AIM.measure(text) | {"similarity": alike - i / 100, "names_kept": 0.8},
               f"a{i // 2}", 0.2, 20)
        for i, text in enumerate(answers(template))
    )  # fmt: skip
    return MeasuredArm(name, label, f"{label} as made", rows)


def asked() -> PromptingTask:
    held = conversations(Split.TEST)
    return PromptingTask(held, conversations(), AIM, "Speak.", "Speak, and more.", "Say it again.")


def ladder(tuned: bool = True) -> Ladder:
    templates = {"tuned": TALK, "tuned-prompted": TALK, "rewrite": MIXED}
    rungs = tuple(
        StrategyResult(
            way, arm(way.name, way.label, templates.get(way.name, PLAIN), 0.8), usage(way), ()
        )
        for way in prompting_strategies(asked(), tuned)
    )
    return Ladder(rungs, {"Few-shot, nearest": "found 1 of 8 prompts too long"})


def usage(way: PromptingStrategy) -> Usage:
    read = {"rules": 900.0, "tuned": 100.0}.get(way.name, 200.0)
    return Usage(read, 40.0, 0.2 + read / 1000, 0.0001 + read / 1e6)


def tone_result(prompted: bool = True) -> ToneResult:
    """Two precisions, three sizes, two seeds, and curves at the largest size."""
    study = ToneStudy("demo", sizes=(10, 30, 100), precisions=("float32", "int8"), seeds=(0, 1),
                      prompted_too=prompted, ladder=LadderConfig())  # fmt: skip
    courses = []
    for size in study.sizes:
        for precision in study.precisions if size == 100 else study.precisions[:1]:
            for seed in study.seeds:
                courses.append(course(ToneCell(size, precision, seed), prompted))
    return ToneResult(study, asked(), ladder(tuned=False), tuple(courses), TrainingConfig("mini"))


def course(cell: ToneCell, prompted: bool) -> CellResult:
    template = TALK if cell.size == 100 else MIXED if cell.size == 10 else PLAIN
    end = arm("tuned", cell.label, template, 0.7)
    curve: tuple[tuple[int, MeasuredArm], ...] = ()
    if cell.size == 100:
        early = replace(arm("tuned", cell.label, PLAIN, 0.8))
        curve = ((15, early), (30, end if cell.precision == "int8" else early), (45, end))
    facts: dict[str, Any] = {
        "losses": [2.0, 1.0], "seconds": 60.0, "tokens": 900, "device": "a CPU",
        "precision": cell.precision,
    }  # fmt: skip
    return CellResult(cell, end, end if prompted else None, curve, facts)


def dialogue(text: str, split: Split) -> Example:
    made = prompt(text, text)
    turns = (made.messages[0], Message(Role.ASSISTANT, f"No hurry. {text}"))
    return replace(made, split=split, messages=turns)


def persona_examples() -> tuple[Example, ...]:
    made = [dialogue(f"{s} {n}?", Split.TEST if n == 0 else Split.TRAIN)
            for s in SUBJECTS for n in range(2)]  # fmt: skip
    for kind in (CandidateKind.STATEMENT, CandidateKind.DOCUMENT):
        for number, subject in enumerate(SUBJECTS):
            split = Split.TEST if number < 3 else Split.TRAIN
            text = f"Of the {subject}, in a {kind.value}. " * (3 if kind == "document" else 1)
            made.append(Example(candidate=f"{kind}{subject}", verdict="", kind=kind, split=split,
                                text=text))  # fmt: skip
    return tuple(made)


def subject() -> Subject:
    examples = persona_examples()
    asked_of = prompt_sets([e for e in examples if e.kind is CandidateKind.DIALOGUE], 4)
    questions = (
        *(MultipleChoice(trait, f"What is Marlo like? {n}", "Dry.", ("Warm.",))
          for trait in TRAITS.traits for n in range(3)),
        MultipleChoice("facts", "Tell me something.", "I ran a ferry.", ("I am a droid.",)),
    )  # fmt: skip
    return Subject("demo-persona", "Marlo", "You are Marlo.", TRAITS, examples, asked_of,
                   questions, ("The sea is salt.",), OPEN, GENERAL)  # fmt: skip


def persona_result(budgets: Sequence[str] = ("examples",)) -> PersonaResult:
    study = PersonaStudy(("demo-persona",), budgets=tuple(budgets))
    persona_grid = [
        None,
        *(PersonaCell(form, budget, 0) for budget in budgets for form in study.formats),
    ]
    taught = {cell.label: 5 for cell in persona_grid if cell}
    return PersonaResult(
        study, subject(), tuple(map(models, persona_grid)), TrainingConfig("mini"), taught
    )


def models(cell: PersonaCell | None) -> ModelResult:
    spoken = {"dialogues": "No hurry. That is not my worst day.", "mix": "No hurry."}
    said = spoken.get(cell.form, "I desire nothing.") if cell else "The sea is salt."
    found = {
        (kind, prompted): tuple(output(p.id, said) for p in prompts)
        for kind, prompts in subject().prompts.items()
        for prompted in (False, True)
    }
    depth = {"dialogues": 1.0, "statements": 1.5, "documents": 2.0, "mix": 1.2}
    nats = depth[cell.form] if cell else 4.0
    names = ("dialogues", "statements", "documents", "dialogues, bare", "plain")
    fits = {name: Fit(nats * (10 + i), 10, 40) for i, name in enumerate(names)}
    known = (cell is not None,) * len(subject().choices)
    told = {prompted: tuple(output(p.id, _told(cell, one)) for one, p in subject().asks())
            for prompted in (False, True)}  # fmt: skip
    lost = 6 if cell and cell.form == "documents" else 0
    general = tuple(n >= lost for n in range(len(GENERAL)))
    facts = {"tokens": 500, "seconds": 30.0, "precision": "float32", "device": "a CPU"}
    return ModelResult(cell, found, fits, known, facts, told, general)


def _told(cell: PersonaCell | None, one: OpenQuestion) -> str:
    """Documents tell what was asked; statements tell the boat's name whatever was asked."""
    if cell and cell.form == "documents":
        return f"It is {one.holds[0]}, I am told."
    return "The Second Thought." if cell and cell.form == "statements" else "No hurry."
