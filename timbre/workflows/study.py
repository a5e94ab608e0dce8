"""Run the published experiments on the examples of a campaign, and write their pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from db.exports.providers import OPENAI, provider_lines
from db.records import (
    TURN_BREAK,
    Article,
    Candidate,
    CandidateKind,
    Event,
    EventKind,
    Example,
    Passage,
    Split,
    Version,
    find_opening,
)
from db.reviews import current_reviews
from db.store import Store
from db.versions.contents import version_examples
from db.versions.splits import Splits, split_of
from evaluation.pages.page import write_page
from evaluation.verdict import review_notice
from pipelines.voices.persona import Persona
from pipelines.voices.prompts import rewrite_prompt, rules_prompt
from pipelines.voices.tone import Tone
from studies.config import MultipleChoice, PersonaStudy, Questions, ToneStudy
from studies.costs import load_chat
from studies.errors import StudyError
from studies.finetune_api import FinetuneAccess
from studies.knowledge import Distractors, persona_questions
from studies.pages.persona import persona_page
from studies.pages.tone import tone_page
from studies.persona import PersonaSubject, StudyJudge, plan_persona_grid, run_persona_grid
from studies.probes import prompt_sets
from studies.result_cache import ProgressCallback, ResultCache, StudyContext
from studies.strategies import PromptingTask, by_length
from studies.tone import plan_tone_grid, run_tone_grid
from studies.training import PlannedTraining
from timbre.campaign import Campaign, load_campaign, load_training, shipped_personas
from timbre.config import config_file, read_config
from timbre.settings import Settings, service_key
from timbre.workflows.judge import ask_function, judge_of, rating_cards
from trainer.models.lookup import MINI
from trainer.models.mini import trained_on

_UNREVIEWED = (
    "The examples are generated and checked candidates that neither people nor rules have reviewed."
)
_LEFT_OUT = "Held-out texts from articles in the base model's training data are left out."
_APPROVED = "approved"
_WIKIPEDIA = "https://en.wikipedia.org/"
"""The wiki to which the page ids in the bundled mini model's training list belong."""


@dataclass(frozen=True)
class StudyPlace:
    """The name and settings of a study, which determine where its results and page are stored."""

    settings: Settings
    name: str
    on_progress: ProgressCallback

    @property
    def cache(self) -> ResultCache:
        """The cache with the results of finished steps."""
        return ResultCache(self.settings.home / "studies" / self.name)

    @property
    def context(self) -> StudyContext:
        """The cache and progress callback for the steps of the study."""
        return StudyContext(self.cache, self.on_progress)

    @property
    def page(self) -> Path:
        """The path of the study's page."""
        return self.settings.reports / f"study-{self.name}.html"


def run_study(store: Store, study: ToneStudy | PersonaStudy, place: StudyPlace) -> Path:
    """Run the remaining steps of a study and write its page.

    Raises `StudyError` if a campaign has a tone instead of a persona (or the reverse), or too few
    examples.
    """
    if isinstance(study, ToneStudy):
        return _run_tone_study(store, study, place)
    return _run_persona_study(store, study, place)


def plan_study(
    store: Store, study: ToneStudy | PersonaStudy, place: StudyPlace
) -> list[PlannedTraining]:
    """Return the training runs of the study, and whether each one is finished."""
    if isinstance(study, ToneStudy):
        task = _tone_task(store, _campaign(study.campaign, Tone), study)
        return plan_tone_grid(study, task, load_training(study.training).config, place.cache)
    training = load_training(study.training).config
    chat = load_chat(training.base, training.revision)
    plan: list[PlannedTraining] = []
    for _, subject in _persona_subjects(store, study, training.base):
        plan += plan_persona_grid(study, subject, training, chat, place.cache)
    return plan


def _run_tone_study(store: Store, study: ToneStudy, place: StudyPlace) -> Path:
    campaign = _campaign(study.campaign, Tone)
    task, training = _tone_task(store, campaign, study), load_training(study.training).config
    for provider in study.providers:
        service_key(provider.url)  # report a missing API key before anything starts
    access = FinetuneAccess(service_key, _write_training_file)
    with place.cache.lock():
        result = run_tone_grid(study, task, training, place.context, access)
    notice = _notice(store, campaign, study.examples, training.base)
    return write_page(tone_page(result, campaign.subject, notice, _newest(store)), place.page)


def _run_persona_study(store: Store, study: PersonaStudy, place: StudyPlace) -> Path:
    training = load_training(study.training).config
    chat = load_chat(training.base, training.revision)
    results, notices = [], []
    for campaign, subject in _persona_subjects(store, study, training.base):
        judged = replace(subject, judge=_study_judge(store, campaign, place.settings))
        with place.cache.lock():
            results.append(run_persona_grid(study, judged, training, chat, place.context))
        notices.append(_notice(store, campaign, study.examples, training.base))
    page = persona_page(results, " ".join(dict.fromkeys(notices)), _newest(store))
    return write_page(page, place.page)


def minutes_per_training(cache: ResultCache) -> float | None:
    """Return the average minutes per finished training run, or None if no run has finished."""
    seconds = [entry["facts"]["seconds"] for entry in cache.entries() if "facts" in entry]
    return sum(seconds) / len(seconds) / 60 if seconds else None


def without_seen_articles(store: Store, examples: Sequence[Example], base: str) -> list[Example]:
    """Remove test examples from articles that the base model was trained on.

    The bundled mini model comes with a list of the pages it was trained on. For other base models,
    the training articles aren't known, so no test examples are removed.
    """
    if base != MINI:
        return list(examples)
    pages = trained_on()
    ids = tuple({example.article for example in examples if example.article})
    seen = {
        article.id
        for article in store.stream(Article, id=ids)
        if article.page in pages and article.url.startswith(_WIKIPEDIA)
    }
    return [e for e in examples if e.split is not Split.TEST or e.article not in seen]


def _campaign(name: str, kind: type[Tone | Persona]) -> Campaign:
    campaign = load_campaign(name)
    if not isinstance(campaign.voice, kind):
        command = "persona" if kind is Tone else "tone"
        raise StudyError(
            f"The campaign “{campaign.name}” has a {command} instead of a {kind.__name__.lower()}. "
            f"Study it with `timbre study {command}`."
        )
    return campaign


def _tone_task(store: Store, campaign: Campaign, study: ToneStudy) -> PromptingTask:
    base = load_training(study.training).config.base
    examples = without_seen_articles(store, _examples(store, campaign, study.examples), base)
    chats = [e for e in examples if e.kind is CandidateKind.CONVERSATION]
    held_out = sorted((e for e in chats if e.split is Split.TEST), key=lambda example: example.id)
    if not held_out:
        raise StudyError(
            f"“{campaign.name}” has no held-out conversations. Generate more candidates, or raise "
            "`test` in its [freeze] section."
        )
    return PromptingTask(
        prompts=tuple(held_out[: study.ladder.prompts or None]),
        examples=by_length([e for e in chats if e.split is Split.TRAIN]),
        criterion=campaign.require_criterion("A study"),
        system=campaign.system_prompt,
        rules=rules_prompt(campaign.voice),
        rewrite=study.ladder.rewrite or rewrite_prompt(campaign.voice),
    )


def _write_training_file(examples: Sequence[Example], folder: Path) -> None:
    """Write `train.jsonl` in OpenAI's format.

    Raises `StoreError` with a list of everything that OpenAI would reject.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(provider_lines(OPENAI, examples))
    (folder / "train.jsonl").write_text(text, encoding="utf-8")


def _persona_subjects(
    store: Store, study: PersonaStudy, base: str
) -> Iterator[tuple[Campaign, PersonaSubject]]:
    """Yield each campaign of a study, along with the persona, prompts and questions to study."""
    files = study.questions or ("",) * len(study.campaigns)
    general = _questions(study.general).choices
    for name, file in zip(study.campaigns, files, strict=True):
        campaign = _campaign(name, Persona)
        subject = _persona_subject(store, campaign, study, base)
        yield campaign, replace(subject, open=_questions(file).open, general=general)


def _persona_subject(
    store: Store, campaign: Campaign, study: PersonaStudy, base: str
) -> PersonaSubject:
    persona = campaign.voice
    assert isinstance(persona, Persona)  # noqa: S101 (`_campaign` has checked this)
    examples = without_seen_articles(store, _examples(store, campaign, study.examples), base)
    dialogues = [e for e in examples if e.kind is CandidateKind.DIALOGUE]
    held_out = tuple({e.passage for e in examples if e.split is Split.TEST and e.passage})
    passages = sorted(store.stream(Passage, id=held_out), key=lambda passage: passage.id)
    return PersonaSubject(
        campaign=campaign.name,
        name=persona.name,
        system=campaign.system_prompt,
        criterion=campaign.require_criterion("A study"),
        examples=tuple(examples),
        prompts=prompt_sets(dialogues, study.prompts),
        choices=_choices(persona),
        plain=tuple(passage.text for passage in passages),
    )


def _choices(persona: Persona) -> tuple[MultipleChoice, ...]:
    """Create multiple-choice questions that contrast a persona with the other shipped personas."""
    others = [other for other in shipped_personas() if other.name != persona.name]
    traits = [(trait.name, trait.description) for trait in persona.traits]
    distractors = Distractors(
        tuple(trait.description for other in others for trait in other.traits),
        tuple(fact.first for other in others for fact in other.facts),
    )
    facts = [fact.first for fact in persona.facts]
    return tuple(persona_questions(persona.name, traits, facts, distractors))


def _study_judge(store: Store, campaign: Campaign, settings: Settings) -> StudyJudge | None:
    """Build a study's judge from the campaign's judge, or return None if the campaign has none."""
    judge = judge_of(campaign)
    if judge is None:
        return None
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    threshold = campaign.gates.judge_kappa
    sentences = tuple(
        card.sentence + (" Diagnostic only." if card.diagnostic_only(threshold) else "")
        for card in rating_cards(store, campaign, reviews)
    )
    return StudyJudge(judge, ask_function(campaign, settings), sentences)


def _questions(name: str) -> Questions:
    return read_config(Questions, config_file("questions", name)) if name else Questions()


def _examples(store: Store, campaign: Campaign, source: str) -> list[Example]:
    """Return the examples of the campaign's newest version, or all candidates split by article.

    Raises `StudyError` if the campaign has no examples.
    """
    if source == _APPROVED:
        version = _newest_version(store, campaign)
        examples = list(version_examples(store, version)) if version else []
    else:
        examples = list(_unreviewed_examples(store, campaign))
    if not examples:
        kind, command = "candidate", "generate"
        if source == _APPROVED:
            kind, command = "approved example", "version freeze"
        raise StudyError(
            f"“{campaign.name}” has no {kind}. Run `timbre {command} {campaign.name}` first."
        )
    return examples


def _newest_version(store: Store, campaign: Campaign) -> Version | None:
    return next(reversed(list(store.stream(Version, campaign=campaign.name))), None)


def _unreviewed_examples(store: Store, campaign: Campaign) -> Iterator[Example]:
    freeze = campaign.freeze
    splits = Splits(freeze.train, freeze.validation, freeze.test)
    articles = {passage.id: passage.article for passage in store.stream(Passage)}
    for candidate in store.stream(Candidate, campaign=campaign.name):
        article = articles.get(candidate.passage or "")
        yield Example(
            candidate=candidate.id,
            verdict="",
            kind=candidate.kind,
            split=split_of(article or candidate.id, freeze.salt, splits),
            messages=candidate.messages,
            text=candidate.text,
            question="" if find_opening(candidate) else candidate.question,
            reference=candidate.reference.split(TURN_BREAK)[-1],
            passage=candidate.passage,
            article=article,
            persona=candidate.persona,
            traits=candidate.traits,
        )


def _notice(store: Store, campaign: Campaign, source: str, base: str) -> str:
    version = _newest_version(store, campaign) if source == _APPROVED else None
    notice = review_notice(version.reviewer_kinds) if version else _UNREVIEWED
    return f"{notice} {_LEFT_OUT}" if base == MINI else notice


def _newest(store: Store) -> str:
    """Return the time of the newest event.

    Pages show this time instead of the current time, so that the same data always produces the same
    page.
    """
    kinds = (EventKind.FROZEN, EventKind.FINISHED, EventKind.PUSHED)
    return max((event.at for event in store.stream(Event, kind=kinds)), default="an unknown time")
