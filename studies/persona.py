"""The persona study: which form of text gives a model a character, told apart in several prompting_strategies.

After F. Alia, “What's the Best PromptingStrategy to Brainwash an LLM?” (2026): dialogues teach behaviour,
first-person statements self-image, encyclopedic documents facts. What that study left open or
mixed up (see `studies.pages.persona`) is settled here or shown beside its way of doing it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.records import CandidateKind, Example, Message, Output, Role, Split, digest
from evaluation.measures.criteria import Criterion
from evaluation.rating import CompletePrompts, Judge
from studies.errors import StudyError
from studies.knowledge import MultipleChoice, OpenQuestion
from studies.ladder import ProgressCallback, cached_answers
from studies.likelihood import Fit, answer_choices, fit, plain_text
from studies.probes import prompt
from studies.result_cache import ResultCache
from studies.strategies import Model, PromptContext, PromptingStrategy
from studies.training import PlannedTraining, trained
from trainer.answer import Decoding
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.models import fingerprint

MIX = "mix"
KINDS: Mapping[str, tuple[CandidateKind, ...]] = {
    "dialogues": (CandidateKind.DIALOGUE,),
    "statements": (CandidateKind.STATEMENT,),
    "documents": (CandidateKind.DOCUMENT,),
    MIX: (CandidateKind.DIALOGUE, CandidateKind.STATEMENT, CandidateKind.DOCUMENT),
}
BASE = "base"
IN_DOMAIN = "in domain"


@dataclass(frozen=True)
class PersonaStudy:
    """The grid of a persona study.

    Attributes:
        campaigns: Campaigns of the personas; one that no model can know already is the control.
        questions: Files of configs/questions with open questions, one for each campaign in
            the same order; none leaves them out.
        general: File of configs/questions that shows what tuning costs, empty for none.
        examples: `approved` or `candidates`, as in a tone study.
        training: A file of configs/training.
        formats: dialogues, statements, documents, mix.
        budgets: `examples` gives each format as many examples, `tokens` as many tokens.
        size: Examples of each format, 0 for as many as the scarcest format has.
        seeds: Seeds of training.
        steps: Optimiser steps of each training, 0 by the training file.
        train_with_system: Whether dialogues are trained under the persona's system prompt, as the
            published notebook has it.
        prompts: Held-out dialogues' openings that are asked, 0 for all.
        texts: Held-out texts of each format that are scored, 0 for all.
        max_new_tokens: Longest answer, in tokens.
        no_repeat: No run of so many tokens is generated twice in an answer, 0 for no such rule.
        temperature: Of the answers; 0 takes the likeliest token each time.
        batch_size: Prompts answered side by side.
        minutes_a_training: What a training and its answers take, for `--dry-run` until one has
            been timed.
    """

    campaigns: tuple[str, ...]
    questions: tuple[str, ...] = ()
    general: str = "general"
    examples: str = "approved"
    training: str = "mini"
    formats: tuple[str, ...] = ("dialogues", "statements", "documents", MIX)
    budgets: tuple[str, ...] = ("examples",)
    size: int = 0
    seeds: tuple[int, ...] = (0,)
    steps: int = 0
    train_with_system: bool = False
    prompts: int = 20
    texts: int = 0
    max_new_tokens: int = 96
    no_repeat: int = 0
    temperature: float = 0.0
    batch_size: int = 32
    minutes_a_training: float = 1.5

    @property
    def decoding(self) -> Decoding:
        """How answers are made."""
        return Decoding(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            no_repeat=self.no_repeat,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class Rating:
    """A judge, how it is asked, and what is known of it: a sentence of each of its cards."""

    judge: Judge
    ask: CompletePrompts
    worth: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """A persona with the texts made of it, and what is asked of every model.

    `prompts` are held-out openings by the set they belong to (`in domain`, `out of domain`,
    `identity`, `drop the act`); `plain` are texts and `general` questions that have nothing to do
    with the persona; `open` are questions on it that are answered freely; `rating` is a model that
    rates the ordinary answers, where the campaign names one.
    """

    campaign: str
    name: str
    system: str
    aim: Criterion
    examples: tuple[Example, ...]
    prompts: Mapping[str, tuple[Example, ...]]
    choices: tuple[MultipleChoice, ...]
    plain: tuple[str, ...]
    open: tuple[OpenQuestion, ...] = ()
    general: tuple[MultipleChoice, ...] = ()
    rating: Rating | None = None

    def asks(self) -> list[tuple[OpenQuestion, Example]]:
        """Every way of asking an open question, as a prompt."""
        return [(one, prompt(text)) for one in self.open for text in one.asks]


@dataclass(frozen=True)
class PersonaCell:
    """One training of the grid; the base model is the one without."""

    form: str
    budget: str
    seed: int

    @property
    def label(self) -> str:
        """The cell in words."""
        return f"{self.form}, equal {self.budget}, seed {self.seed}"


@dataclass(frozen=True)
class ModelResult:
    """Everything asked of one model: answers by prompt set, without and with the system prompt.

    `fits` are by format (and `plain`); `known` and `general` tell of each multiple choice whether
    the right answer was found the likeliest; `told` are the answers to the open questions;
    `ratings` are a judge's of the ordinary answers without the prompt, in their order.
    """

    cell: PersonaCell | None
    answers: Mapping[tuple[str, bool], tuple[Output, ...]]
    fits: Mapping[str, Fit]
    known: tuple[bool, ...]
    facts: Mapping[str, Any]
    told: Mapping[bool, tuple[Output, ...]] = field(default_factory=dict)
    general: tuple[bool, ...] = ()
    ratings: tuple[dict[str, float] | None, ...] = ()


@dataclass(frozen=True)
class PersonaResult:
    """Everything a persona study measured of one persona."""

    study: PersonaStudy
    subject: Subject
    models: tuple[ModelResult, ...]
    training: TrainingConfig
    taught: Mapping[str, int]


def persona_grid(study: PersonaStudy) -> Iterator[PersonaCell]:
    """The trainings of a grid.

    Raises `StudyError` if a format or a budget is unknown.
    """
    unknown = [form for form in study.formats if form not in KINDS]
    unknown += [budget for budget in study.budgets if budget not in ("examples", "tokens")]
    if unknown:
        raise StudyError(
            f"found “{unknown[0]}” in the study, expected formats of {', '.join(KINDS)} and "
            "budgets of examples and tokens; correct the file"
        )
    for budget in study.budgets:
        for form in study.formats:
            for seed in study.seeds:
                yield PersonaCell(form, budget, seed)


def chosen(cell: PersonaCell, study: PersonaStudy, subject: Subject, chat: Chat) -> list[Example]:
    """A cell's training examples: the same number for each format, or the same number of tokens.

    Raises `StudyError` if a format has no training example.
    """
    shuffled = {
        kind: sorted(
            (e for e in subject.examples if e.kind is kind and e.split is Split.TRAIN),
            key=lambda example: digest(f"{cell.seed}\n{example.id}"),
        )
        for kind in KINDS[MIX]
    }
    empty = [kind.value for kind, found in shuffled.items() if not found]
    if empty:
        raise StudyError(
            f"found no {empty[0]} to train on in “{subject.campaign}”, expected some of each kind; "
            "generate more candidates"
        )
    fewest = min(len(found) for found in shuffled.values())
    size = min(study.size or fewest, fewest)
    alone = {kind: found[:size] for kind, found in shuffled.items()}
    own = _mixed([shuffled[kind] for kind in KINDS[cell.form]], size)
    if cell.budget == "tokens":
        length = {e.id: len(chat.encode_example(e).ids) for found in alone.values() for e in found}
        budget = min(sum(length[e.id] for e in found) for found in alone.values())
        own = list(_within(own, length, budget))
    system = (Message(Role.SYSTEM, subject.system),) if study.train_with_system else ()
    return [replace(e, messages=(*system, *e.messages)) if e.messages else e for e in own]


def _mixed(kinds: Sequence[Sequence[Example]], size: int) -> list[Example]:
    """So many examples, taken from each kind in turn."""
    in_turn = [found[turn] for turn in range(size) for found in kinds if turn < len(found)]
    return in_turn[:size]


def _within(
    examples: Sequence[Example], length: Mapping[str, int], budget: int
) -> Iterator[Example]:
    """Examples up to a number of tokens, at least one."""
    spent = 0
    for place, example in enumerate(examples):
        spent += length[example.id]
        if place and spent > budget:
            return
        yield example


def planned(
    study: PersonaStudy, subject: Subject, training: TrainingConfig, chat: Chat, shelf: ResultCache
) -> list[PlannedTraining]:
    """The trainings of a grid, and whether each is there already."""
    return [
        PlannedTraining(
            f"{subject.name}: {cell.label}",
            shelf.has(_key(_config(cell, study, training), chosen(cell, study, subject, chat))),
        )
        for cell in persona_grid(study)
    ]


def _config(cell: PersonaCell, study: PersonaStudy, training: TrainingConfig) -> TrainingConfig:
    return replace(training, seed=cell.seed, steps=study.steps or training.steps)


def _key(config: TrainingConfig, examples: Sequence[Example]) -> dict[str, Any]:
    """What determines a cell's adapter."""
    return {
        "training": config.canonical,
        "base": fingerprint(config.base, config.revision),
        "examples": [example.id for example in examples],
    }


def persona_study(
    study: PersonaStudy,
    subject: Subject,
    training: TrainingConfig,
    chat: Chat,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> PersonaResult:
    """Every format trained, and every model asked and scored in the same way; all of it kept."""
    # What each cell is taught is settled first: a study that cannot be made asks nothing.
    taught = {cell: chosen(cell, study, subject, chat) for cell in persona_grid(study)}
    models = [_try(None, Model(training.base, training.revision), (study, subject), {}, kept)]
    for cell, examples in taught.items():
        model, facts = _train(cell, examples, _config(cell, study, training), kept)
        models.append(_try(cell, model, (study, subject), facts, kept))
    counts = {cell.label: len(examples) for cell, examples in taught.items()}
    return PersonaResult(study, subject, tuple(models), training, counts)


def _train(
    cell: PersonaCell,
    examples: Sequence[Example],
    config: TrainingConfig,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> tuple[Model, dict[str, Any]]:
    shelf, told = kept
    key = _key(config, examples)

    def progress(done: int, total: int) -> None:
        if told:
            told(f"training, {cell.label}", done, total)

    place = shelf.place(key)
    made = trained(examples, config, place, progress)
    shelf.kept(key, lambda: {"facts": made.facts, "label": cell.label})
    return Model(config.base, config.revision, made.adapter, place.name), made.facts


def _try(
    cell: PersonaCell | None,
    model: Model,
    grid: tuple[PersonaStudy, Subject],
    facts: Mapping[str, Any],
    kept: tuple[ResultCache, ProgressCallback | None],
) -> ModelResult:
    study, subject = grid
    room = PromptContext((), 0, study.decoding, subject.aim)
    name = cell.label if cell else BASE
    answers = {}
    for kind, prompts in subject.prompts.items():
        for prompted in (False, True):
            way = PromptingStrategy("asked", name, kind, subject.system if prompted else "")
            answers[kind, prompted] = cached_answers(way, model, prompts, room, kept)
    told: dict[bool, tuple[Output, ...]] = {}
    open_prompts = [asked for _, asked in subject.asks()]
    for prompted in (False, True) if open_prompts else ():
        way = PromptingStrategy("open", name, "open questions", subject.system if prompted else "")
        told[prompted] = cached_answers(way, model, open_prompts, room, kept)
    held = held_out_texts(study, subject)
    return ModelResult(
        cell,
        answers,
        {form: fit(model, texts, kept[0]) for form, texts in held.items()},
        answer_choices(model, subject.choices, kept[0]),
        facts,
        told,
        answer_choices(model, subject.general, kept[0]),
        rated(answers[IN_DOMAIN, False], subject.rating, kept[0]),
    )


def rated(
    outputs: Sequence[Output], rating: Rating | None, shelf: ResultCache
) -> tuple[dict[str, float] | None, ...]:
    """A judge's ratings of answers, from the shelf where they are there already."""
    if rating is None or not outputs:
        return ()
    texts = [(output.messages[-1].content, output.text) for output in outputs]
    key = {"rated_by": rating.judge.source, "texts": [list(pair) for pair in texts]}
    made = shelf.kept(key, lambda: {"ratings": list(rating.judge.rate(texts, rating.ask))})
    return tuple(made["ratings"])


def held_out_texts(study: PersonaStudy, subject: Subject) -> dict[str, list[Example]]:
    """The texts on which no model was trained, by format; dialogues in their chat template.

    `plain` texts say how much of the base's own ability is kept.
    """
    some = study.texts or None
    held = [e for e in subject.examples if e.split is Split.TEST]
    found = {
        form: [e for e in held if e.kind is KINDS[form][0]][:some]
        for form in ("dialogues", "statements", "documents")
    }
    bare = [plain_text(e.messages[-1].content) for e in found["dialogues"]]
    plain = [plain_text(text) for text in subject.plain[:some]]
    return {**found, "dialogues, bare": bare, "plain": plain}
