"""Studies' results made of written answers, without a model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from db.records import CandidateKind, Example, Message, Output, Role, Split
from evaluation.aims import Bound, persona_aim, tone_aim
from evaluation.arms import Arm, Scored
from studies.asking import Way
from studies.knowledge import Choices, Open
from studies.ladder import Asked, Ladder, LadderConfig, Rung, ways
from studies.likelihood import Fit
from studies.persona import (
    PersonaResult,
    PersonaStudy,
    Plot,
    Subject,
    Tried,
)
from studies.probes import prompt, prompt_sets
from studies.scoring import Usage
from studies.tone import Course, Square, ToneResult, ToneStudy
from tests.evaluation.made import MIXED, PLAIN, SUBJECTS, TALK, answers
from trainer.config import TrainingConfig

AIM = tone_aim("spoken", [Bound("words_per_sentence", at_most=20)], 1, ["contractions"])
TRAITS = persona_aim({"dry": ("not my worst",), "patient": ("no hurry", "sir")})

OPEN = (
    Open("patient", ("What is Marlo like?", "Is Marlo easily hurried?"), ("waits", "patient")),
    Open("the boat", ("What was the boat called?", "Your boat's name?"), ("Second Thought",)),
    Open("the cat", ("What is the cat called?",), ("Ballast",)),
)
GENERAL = tuple(
    Choices("words", f"What is word {n}?", "A word.", ("A stone.", "A fish.", "A star."))
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


def arm(name: str, label: str, template: str, alike: float) -> Arm:
    rows = tuple(
        Scored(f"p{i}", AIM.measures_of(text) | {"similarity": alike - i / 100, "names_kept": 0.8},
               f"a{i // 2}", 0.2, 20)
        for i, text in enumerate(answers(template))
    )  # fmt: skip
    return Arm(name, label, f"{label} as made", rows)


def asked() -> Asked:
    held = conversations(Split.TEST)
    return Asked(held, conversations(), AIM, "Speak.", "Speak, and more.", "Say it again.")


def ladder(tuned: bool = True) -> Ladder:
    templates = {"tuned": TALK, "tuned-prompted": TALK, "rewrite": MIXED}
    rungs = tuple(
        Rung(way, arm(way.name, way.label, templates.get(way.name, PLAIN), 0.8), usage(way), ())
        for way in ways(asked(), tuned)
    )
    return Ladder(rungs, {"Few-shot, nearest": "found 1 of 8 prompts too long"})


def usage(way: Way) -> Usage:
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
                courses.append(course(Square(size, precision, seed), prompted))
    return ToneResult(study, asked(), ladder(tuned=False), tuple(courses), TrainingConfig("mini"))


def course(square: Square, prompted: bool) -> Course:
    template = TALK if square.size == 100 else MIXED if square.size == 10 else PLAIN
    end = arm("tuned", square.label, template, 0.7)
    curve: tuple[tuple[int, Arm], ...] = ()
    if square.size == 100:
        early = replace(arm("tuned", square.label, PLAIN, 0.8))
        curve = ((15, early), (30, end if square.precision == "int8" else early), (45, end))
    facts: dict[str, Any] = {
        "losses": [2.0, 1.0], "seconds": 60.0, "tokens": 900, "device": "a CPU",
        "precision": square.precision,
    }  # fmt: skip
    return Course(square, end, end if prompted else None, curve, facts)


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
        *(Choices(trait, f"What is Marlo like? {n}", "Dry.", ("Warm.",))
          for trait in TRAITS.traits for n in range(3)),
        Choices("facts", "Tell me something.", "I ran a ferry.", ("I am a droid.",)),
    )  # fmt: skip
    return Subject("demo-persona", "Marlo", "You are Marlo.", TRAITS, examples, asked_of,
                   questions, ("The sea is salt.",), OPEN, GENERAL)  # fmt: skip


def persona_result(budgets: Sequence[str] = ("examples",)) -> PersonaResult:
    study = PersonaStudy(("demo-persona",), budgets=tuple(budgets))
    plots = [None, *(Plot(form, budget, 0) for budget in budgets for form in study.formats)]
    taught = {plot.label: 5 for plot in plots if plot}
    return PersonaResult(study, subject(), tuple(map(tried, plots)), TrainingConfig("mini"), taught)


def tried(plot: Plot | None) -> Tried:
    spoken = {"dialogues": "No hurry. That is not my worst day.", "mix": "No hurry."}
    said = spoken.get(plot.form, "I desire nothing.") if plot else "The sea is salt."
    found = {
        (kind, prompted): tuple(output(p.id, said) for p in prompts)
        for kind, prompts in subject().prompts.items()
        for prompted in (False, True)
    }
    depth = {"dialogues": 1.0, "statements": 1.5, "documents": 2.0, "mix": 1.2}
    nats = depth[plot.form] if plot else 4.0
    names = ("dialogues", "statements", "documents", "dialogues, bare", "plain")
    fits = {name: Fit(nats * (10 + i), 10, 40) for i, name in enumerate(names)}
    known = (plot is not None,) * len(subject().choices)
    told = {prompted: tuple(output(p.id, _told(plot, one)) for one, p in subject().asks())
            for prompted in (False, True)}  # fmt: skip
    lost = 6 if plot and plot.form == "documents" else 0
    general = tuple(n >= lost for n in range(len(GENERAL)))
    facts = {"tokens": 500, "seconds": 30.0, "precision": "float32", "device": "a CPU"}
    return Tried(plot, found, fits, known, facts, told, general)


def _told(plot: Plot | None, one: Open) -> str:
    """Documents tell what was asked; statements tell the boat's name whatever was asked."""
    if plot and plot.form == "documents":
        return f"It is {one.holds[0]}, I am told."
    return "The Second Thought." if plot and plot.form == "statements" else "No hurry."
