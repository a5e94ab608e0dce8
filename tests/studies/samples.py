"""Study results built from fixed answers, without a model."""

from dataclasses import replace
from typing import Any, Literal

from db.records import CandidateKind, Example, Message, Output, Role, Split
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.criteria import Bound, ToneTarget, persona_criterion, tone_criterion
from studies.config import LadderConfig, MultipleChoice, OpenQuestion, PersonaStudy, ToneStudy
from studies.costs import Usage
from studies.ladder import Ladder, StrategyResult
from studies.likelihood import Likelihood
from studies.persona import ModelResult, PersonaCell, PersonaResult, PersonaSubject
from studies.probes import prompt, prompt_sets
from studies.strategies import PromptingStrategy, PromptingTask, prompting_strategies
from studies.tone import CellResult, ToneCell, ToneResult
from tests.evaluation.samples import MIXED, PLAIN, SUBJECTS, TALK, answers
from trainer.config import TrainingConfig

Budget = Literal["examples", "tokens"]
SPOKEN = tone_criterion(
    "spoken", ToneTarget([Bound("words_per_sentence", at_most=20)], 1, ["contractions"])
)
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
    """Eight conversations, two per article."""
    texts = zip(SUBJECTS, answers(PLAIN), strict=True)
    return tuple(example(s, text, split, f"a{i // 2}") for i, (s, text) in enumerate(texts))


def output(prompt_id: str, text: str, arm: str = "base") -> Output:
    return Output(
        prompt=prompt_id,
        arm=arm,
        run=None,
        messages=(Message(Role.USER, "?"),),
        text=text,
        generation="{}",
        seed=0,
        output_tokens=len(text.split()),
        seconds=0.2,
    )


def arm(name: str, label: str, template: str, similarity: float) -> MeasuredArm:
    rows = []
    for i, text in enumerate(answers(template)):
        measures = SPOKEN.measure(text) | {"similarity": similarity - i / 100, "names_kept": 0.8}
        rows.append(MeasuredOutput(f"p{i}", measures, f"a{i // 2}", 0.2, 20))
    return MeasuredArm(name, label, f"{label} as made", tuple(rows))


def task() -> PromptingTask:
    prompts = conversations(Split.TEST)
    return PromptingTask(
        prompts, conversations(), SPOKEN, "Speak.", "Speak, and more.", "Say it again."
    )


def ladder(has_adapter: bool = True) -> Ladder:
    templates = {"tuned": TALK, "tuned-prompted": TALK, "rewrite": MIXED}
    results = tuple(
        StrategyResult(
            strategy,
            arm(strategy.name, strategy.label, templates.get(strategy.name, PLAIN), 0.8),
            usage(strategy),
            (),
        )
        for strategy in prompting_strategies(task(), has_adapter)
    )
    return Ladder(results, {"Few-shot, nearest": "1 of 8 prompts is too long."})


def usage(strategy: PromptingStrategy) -> Usage:
    read = {"rules": 900.0, "tuned": 100.0}.get(strategy.name, 200.0)
    return Usage(read, 40.0, 0.2 + read / 1000, 0.0001 + read / 1e6)


def tone_result(is_prompted: bool = True) -> ToneResult:
    """Two precisions, three sizes, two seeds, and curves at the largest size."""
    study = ToneStudy(
        "demo",
        sizes=(10, 30, 100),
        precisions=("float32", "int8"),
        seeds=(0, 1),
        prompted_too=is_prompted,
        ladder=LadderConfig(),
    )
    cells = tuple(
        cell_result(ToneCell(size, precision, seed), is_prompted)
        for size in study.sizes
        for precision in (study.precisions if size == 100 else study.precisions[:1])
        for seed in study.seeds
    )
    return ToneResult(study, task(), ladder(has_adapter=False), cells, TrainingConfig("mini"))


def cell_result(cell: ToneCell, is_prompted: bool) -> CellResult:
    template = {10: MIXED, 30: PLAIN, 100: TALK}[cell.size]
    final = arm("tuned", cell.label, template, 0.7)
    curve: tuple[tuple[int, MeasuredArm], ...] = ()
    if cell.size == 100:
        early = arm("tuned", cell.label, PLAIN, 0.8)
        curve = ((15, early), (30, final if cell.precision == "int8" else early), (45, final))
    facts: dict[str, Any] = {
        "losses": [2.0, 1.0],
        "seconds": 60.0,
        "tokens": 900,
        "device": "a CPU",
        "precision": cell.precision,
    }
    return CellResult(cell, final, final if is_prompted else None, curve, facts)


def dialogue(text: str, split: Split) -> Example:
    example = prompt(text, text)
    turns = (example.messages[0], Message(Role.ASSISTANT, f"No hurry. {text}"))
    return replace(example, split=split, messages=turns)


def persona_examples() -> tuple[Example, ...]:
    examples = [
        dialogue(f"{name} {n}?", Split.TEST if n == 0 else Split.TRAIN)
        for name in SUBJECTS
        for n in range(2)
    ]
    for kind in (CandidateKind.STATEMENT, CandidateKind.DOCUMENT):
        for number, name in enumerate(SUBJECTS):
            text = f"Of the {name}, in a {kind.value}. " * (3 if kind == "document" else 1)
            split = Split.TEST if number < 3 else Split.TRAIN
            example = Example(
                candidate=f"{kind}{name}", verdict="", kind=kind, split=split, text=text
            )
            examples.append(example)
    return tuple(examples)


def persona_subject() -> PersonaSubject:
    examples = persona_examples()
    questions = [
        MultipleChoice(trait, f"What is Marlo like? {n}", "Dry.", ("Warm.",))
        for trait in TRAITS.traits
        for n in range(3)
    ]
    fact = MultipleChoice("facts", "Tell me something.", "I ran a ferry.", ("I am a droid.",))
    return PersonaSubject(
        campaign="demo-persona",
        name="Marlo",
        system="You are Marlo.",
        criterion=TRAITS,
        examples=examples,
        prompts=prompt_sets([e for e in examples if e.kind is CandidateKind.DIALOGUE], 4),
        choices=(*questions, fact),
        plain=("The sea is salt.",),
        open=OPEN,
        general=GENERAL,
    )


def persona_result(budgets: tuple[Budget, ...] = ("examples",)) -> PersonaResult:
    study = PersonaStudy(("demo-persona",), budgets=budgets)
    cells = [PersonaCell(form, budget, 0) for budget in budgets for form in study.formats]
    models = (model_result(None), *map(model_result, cells))
    counts = {cell.label: 5 for cell in cells}
    return PersonaResult(study, persona_subject(), models, TrainingConfig("mini"), counts)


def model_result(cell: PersonaCell | None) -> ModelResult:
    texts = {"dialogues": "No hurry. That is not my worst day.", "mix": "No hurry."}
    text = texts.get(cell.form, "I desire nothing.") if cell else "The sea is salt."
    nats = {"dialogues": 1.0, "statements": 1.5, "documents": 2.0, "mix": 1.2}
    base = nats[cell.form] if cell else 4.0
    names = ("dialogues", "statements", "documents", "dialogues, bare", "plain")
    subject = persona_subject()
    lost = 6 if cell and cell.form == "documents" else 0
    return ModelResult(
        cell,
        answers={
            (kind, is_prompted): tuple(output(p.id, text) for p in prompts)
            for kind, prompts in subject.prompts.items()
            for is_prompted in (False, True)
        },
        likelihoods={name: Likelihood(base * (10 + i), 10, 40) for i, name in enumerate(names)},
        choices=(cell is not None,) * len(subject.choices),
        facts={"tokens": 500, "seconds": 30.0, "precision": "float32", "device": "a CPU"},
        open_answers={
            is_prompted: tuple(
                output(p.id, _open_answer(cell, q)) for q, p in subject.open_prompts()
            )
            for is_prompted in (False, True)
        },
        general=tuple(n >= lost for n in range(len(GENERAL))),
    )


def _open_answer(cell: PersonaCell | None, question: OpenQuestion) -> str:
    """Documents answer the question; statements always tell the boat's name."""
    if cell and cell.form == "documents":
        return f"It is {question.holds[0]}, I am told."
    return "The Second Thought." if cell and cell.form == "statements" else "No hurry."
