"""The persona study, which tests what form of text is best for teaching a model a persona.

The study follows Alia, “What's the Best Way to Brainwash an LLM?” (2026): dialogues teach
behaviour, first-person statements teach self-image, and encyclopedic documents teach facts. Where
Alia's method is flawed, we correct it or show both methods side by side (see
`studies.pages.persona`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.records import CandidateKind, Example, Message, Output, Role, Split, digest
from evaluation.criteria import Criterion
from evaluation.rating import CompletePrompts, Judge
from studies.config import MultipleChoice, OpenQuestion, PersonaStudy
from studies.errors import StudyError
from studies.ladder import cached_answers
from studies.likelihood import Likelihood, answer_choices, measure_likelihood, plain_text
from studies.probes import IN_DOMAIN, prompt
from studies.result_cache import ResultCache, StudyContext
from studies.strategies import BASE, PromptContext, PromptingStrategy, StudyModel
from studies.training import PlannedTraining, adapter_key, train_cached
from trainer.chat import Chat
from trainer.config import TrainingConfig

MIX = "mix"
KINDS: Mapping[str, CandidateKind] = {
    "dialogues": CandidateKind.DIALOGUE,
    "statements": CandidateKind.STATEMENT,
    "documents": CandidateKind.DOCUMENT,
}
"""The kind of text in each format; the mix includes all kinds."""


@dataclass(frozen=True)
class StudyJudge:
    """An LLM judge, with a function that answers its prompts and statements about its quality."""

    judge: Judge
    complete: CompletePrompts
    card_sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonaSubject:
    """A persona to be studied, with its texts and the questions that every model answers.

    `prompts` maps the name of each prompt set to its prompts (see `studies.probes`). `plain` texts
    and `general` questions are unrelated to the persona. `judge` rates the answers to ordinary
    (in-domain) prompts.
    """

    campaign: str
    name: str
    system: str
    criterion: Criterion
    examples: tuple[Example, ...]
    prompts: Mapping[str, tuple[Example, ...]]
    choices: tuple[MultipleChoice, ...]
    plain: tuple[str, ...]
    open: tuple[OpenQuestion, ...] = ()
    general: tuple[MultipleChoice, ...] = ()
    judge: StudyJudge | None = None

    def open_prompts(self) -> list[tuple[OpenQuestion, Example]]:
        """Return every wording of every open question, as a prompt."""
        return [(question, prompt(text)) for question in self.open for text in question.asks]


@dataclass(frozen=True)
class PersonaCell:
    """One training run in the grid of a persona study."""

    form: str
    budget: str
    seed: int

    @property
    def label(self) -> str:
        """The cell's label, which names the format, the budget and the seed."""
        return f"{self.form}, equal {self.budget}, seed {self.seed}"


@dataclass(frozen=True)
class ModelResult:
    """All measurements of one model; `cell` is None for the base model.

    `answers` is keyed by prompt set and by whether the system prompt was used. `likelihoods` is
    keyed by text format. `choices` and `general` say which multiple-choice answers were correct.
    `ratings` contains the judge's ratings of the ordinary answers without the system prompt.
    """

    cell: PersonaCell | None
    answers: Mapping[tuple[str, bool], tuple[Output, ...]]
    likelihoods: Mapping[str, Likelihood]
    choices: tuple[bool, ...]
    facts: Mapping[str, Any]
    open_answers: Mapping[bool, tuple[Output, ...]] = field(default_factory=dict)
    general: tuple[bool, ...] = ()
    ratings: tuple[dict[str, float] | None, ...] = ()


@dataclass(frozen=True)
class PersonaResult:
    """Everything that a persona study measured for one persona.

    `example_counts` contains the number of training examples, keyed by cell label.
    """

    study: PersonaStudy
    subject: PersonaSubject
    models: tuple[ModelResult, ...]
    training: TrainingConfig
    example_counts: Mapping[str, int]


def persona_grid(study: PersonaStudy) -> Iterator[PersonaCell]:
    """List the training runs in the grid of a study."""
    for budget in study.budgets:
        for form in study.formats:
            for seed in study.seeds:
                yield PersonaCell(form, budget, seed)


def select_examples(
    cell: PersonaCell, study: PersonaStudy, subject: PersonaSubject, chat: Chat
) -> list[Example]:
    """Select the training examples for a cell; each format gets equally many examples or tokens.

    Raises `StudyError` if a format has no training examples.
    """
    shuffled = {
        form: sorted(
            (e for e in subject.examples if e.kind is kind and e.split is Split.TRAIN),
            key=lambda example: digest(f"{cell.seed}\n{example.id}"),
        )
        for form, kind in KINDS.items()
    }
    for form, examples in shuffled.items():
        if not examples:
            raise StudyError(
                f"The campaign “{subject.campaign}” has no {form} to train on, but the study "
                "compares all kinds of text. Generate more candidates."
            )
    fewest = min(len(examples) for examples in shuffled.values())
    size = min(study.size or fewest, fewest)
    selected = _mix([*shuffled.values()] if cell.form == MIX else [shuffled[cell.form]], size)
    if cell.budget == "tokens":
        lengths = {
            example.id: len(chat.encode_example(example).ids)
            for examples in shuffled.values()
            for example in examples[:size]
        }
        budgets = [sum(lengths[e.id] for e in examples[:size]) for examples in shuffled.values()]
        selected = list(_up_to(selected, lengths, min(budgets)))
    system = (Message(Role.SYSTEM, subject.system),) if study.train_with_system else ()
    return [replace(e, messages=(*system, *e.messages)) if e.messages else e for e in selected]


def _mix(kinds: Sequence[Sequence[Example]], size: int) -> list[Example]:
    """Mix examples by taking one of each kind in turn, up to `size` in total."""
    in_turn = [examples[i] for i in range(size) for examples in kinds if i < len(examples)]
    return in_turn[:size]


def _up_to(
    examples: Sequence[Example], lengths: Mapping[str, int], budget: int
) -> Iterator[Example]:
    """Take examples up to a token budget, but always at least one."""
    spent = 0
    for index, example in enumerate(examples):
        spent += lengths[example.id]
        if index and spent > budget:
            return
        yield example


def plan_persona_grid(
    study: PersonaStudy,
    subject: PersonaSubject,
    training: TrainingConfig,
    chat: Chat,
    cache: ResultCache,
) -> list[PlannedTraining]:
    """List the training runs in a grid, and whether each run is finished."""
    plan = []
    for cell in persona_grid(study):
        examples = select_examples(cell, study, subject, chat)
        key = adapter_key(_cell_config(cell, study, training), examples)
        plan.append(PlannedTraining(f"{subject.name}: {cell.label}", cache.has(key)))
    return plan


def run_persona_grid(
    study: PersonaStudy,
    subject: PersonaSubject,
    training: TrainingConfig,
    chat: Chat,
    context: StudyContext,
) -> PersonaResult:
    """Train a model for every grid cell and measure all models alike, caching every step."""
    # Select the examples first, so that a study with too few fails before it generates answers.
    selected = {c: select_examples(c, study, subject, chat) for c in persona_grid(study)}
    probe = _Probe(study, subject, context)
    models = [probe.measure(StudyModel(training.base, training.revision), None, {})]
    for cell, examples in selected.items():
        config = _cell_config(cell, study, training)
        trained = train_cached(cell.label, examples, config, context)
        adapter = trained.adapters[trained.last_step]
        model = StudyModel(config.base, config.revision, adapter, trained.id)
        models.append(probe.measure(model, cell, trained.facts))
    counts = {cell.label: len(examples) for cell, examples in selected.items()}
    return PersonaResult(study, subject, tuple(models), training, counts)


def _cell_config(
    cell: PersonaCell, study: PersonaStudy, training: TrainingConfig
) -> TrainingConfig:
    return replace(training, seed=cell.seed, steps=study.steps or training.steps)


@dataclass(frozen=True)
class _Probe:
    """The measurements that are made on each model of a persona."""

    study: PersonaStudy
    subject: PersonaSubject
    context: StudyContext

    def measure(
        self, model: StudyModel, cell: PersonaCell | None, facts: Mapping[str, Any]
    ) -> ModelResult:
        subject, cache = self.subject, self.context.cache
        label = cell.label if cell else BASE
        prompt_context = PromptContext((), 0, self.study.decoding, subject.criterion)

        def answers(
            name: str, description: str, prompts: Sequence[Example], is_prompted: bool
        ) -> tuple[Output, ...]:
            system = subject.system if is_prompted else ""
            strategy = PromptingStrategy(name, label, description, system)
            return cached_answers(strategy, model, prompts, prompt_context, self.context)

        by_set = {
            (kind, is_prompted): answers("asked", kind, prompts, is_prompted)
            for kind, prompts in subject.prompts.items()
            for is_prompted in (False, True)
        }
        open_prompts = [prompt for _, prompt in subject.open_prompts()]
        texts = held_out_texts(self.study, subject)
        return ModelResult(
            cell,
            by_set,
            {form: measure_likelihood(model, each, cache) for form, each in texts.items()},
            answer_choices(model, subject.choices, cache),
            facts,
            {
                is_prompted: answers("open", "open questions", open_prompts, is_prompted)
                for is_prompted in ((False, True) if open_prompts else ())
            },
            answer_choices(model, subject.general, cache),
            rate_answers(by_set[IN_DOMAIN, False], subject.judge, cache),
        )


def rate_answers(
    outputs: Sequence[Output], judge: StudyJudge | None, cache: ResultCache
) -> tuple[dict[str, float] | None, ...]:
    """Return a judge's ratings of answers from the cache, requesting any that are missing."""
    if judge is None or not outputs:
        return ()
    texts = [(output.messages[-1].content, output.text) for output in outputs]
    key = {"rated_by": judge.judge.source, "texts": [list(pair) for pair in texts]}
    entry = cache.get_or_compute(
        key, lambda: {"ratings": list(judge.judge.rate(texts, judge.complete))}
    )
    return tuple(entry["ratings"])


def held_out_texts(study: PersonaStudy, subject: PersonaSubject) -> dict[str, list[Example]]:
    """Return held-out texts, which no model was trained on, keyed by format.

    The last turns of dialogues are also included as plain text. The `plain` texts, which are
    unrelated to the persona, show how much of the base model's ability remains.
    """
    limit = study.texts or None
    test = [e for e in subject.examples if e.split is Split.TEST]
    by_form = {form: [e for e in test if e.kind is kind][:limit] for form, kind in KINDS.items()}
    bare = [plain_text(e.messages[-1].content) for e in by_form["dialogues"]]
    plain = [plain_text(text) for text in subject.plain[:limit]]
    return {**by_form, "dialogues, bare": bare, "plain": plain}
