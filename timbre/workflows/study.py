"""The studies put together: examples from the store, words from the campaign's files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from db.records import (
    Candidate,
    CandidateKind,
    Event,
    EventKind,
    Example,
    Passage,
    Split,
    Version,
)
from db.splits import Splits, split_of
from db.store import Store
from db.versions import version_examples
from evaluation.pages.page import write_page
from evaluation.verdict import review_notice
from pipelines.form import read_form
from pipelines.voices.persona import Persona, load_persona
from studies.costs import chat_of
from studies.errors import StudyError
from studies.knowledge import MultipleChoice, Questions, check_questions, persona_questions
from studies.ladder import ProgressCallback, PromptingTask
from studies.limits import within_limits
from studies.pages.persona import persona_page
from studies.pages.tone import tone_page
from studies.persona import PersonaStudy, Rating, Subject, persona_study
from studies.persona import planned as planned_plots
from studies.probes import prompt_sets
from studies.result_cache import ResultCache
from studies.tone import ToneStudy, tone_study
from studies.tone import planned as planned_squares
from studies.training import PlannedTraining
from timbre.advising import rewrite_of, rules_of
from timbre.aims import subject_of
from timbre.campaign import Campaign, load_campaign
from timbre.hosting import hosting
from timbre.rating import asking, judge_of, rating_cards
from timbre.settings import CONFIGS, Settings, config_file
from timbre.unseen import LEFT_OUT, unseen
from trainer.config import TrainingConfig, load_config
from trainer.models import MINI

_UNJUDGED = (
    "The examples are candidates as they were generated and checked; no person and no rule has "
    "judged them."
)
_APPROVED = "approved"


@dataclass(frozen=True)
class Place:
    """Where a study's cells and page go, and who is told how far it is."""

    settings: Settings
    name: str
    told: ProgressCallback | None = None

    @property
    def shelf(self) -> ResultCache:
        """The study's cells."""
        return ResultCache(self.settings.home / "studies" / self.name)

    @property
    def kept(self) -> tuple[ResultCache, ProgressCallback | None]:
        """The cells, and who is told."""
        return self.shelf, self.told

    @property
    def page(self) -> Path:
        """The study's page."""
        return self.settings.reports / f"study-{self.name}.html"


def run_tone_study(store: Store, study: ToneStudy, place: Place) -> Path:
    """Do what is left of a tone study and write its page."""
    campaign, asked, training = _tone(store, study)
    with place.shelf.alone():
        result = tone_study(study, asked, training, place.kept, hosting(study.providers))
    subject = subject_of(campaign).words
    notice = _notice(store, campaign, study.examples, training.base)
    return write_page(tone_page(result, subject, notice, _newest(store)), place.page)


def plan_tone_study(store: Store, study: ToneStudy, place: Place) -> list[PlannedTraining]:
    """The study's trainings and whether each is there already."""
    _, asked, training = _tone(store, study)
    return planned_squares(study, asked, training, place.shelf)


def run_persona_study(store: Store, study: PersonaStudy, place: Place) -> Path:
    """Do what is left of a persona study and write its page."""
    training = load_config(config_file("training", study.training))
    chat = chat_of(training.base, training.revision)
    results, notices = [], []
    for campaign, subject in _subjects(store, study, training.base):
        rated = replace(subject, rating=_rating(store, campaign, place.settings))
        with place.shelf.alone():
            results.append(persona_study(study, rated, training, chat, place.kept))
        notices.append(_notice(store, campaign, study.examples, training.base))
    page = persona_page(results, " ".join(dict.fromkeys(notices)), _newest(store))
    return write_page(page, place.page)


def plan_persona_study(store: Store, study: PersonaStudy, place: Place) -> list[PlannedTraining]:
    """The study's trainings and whether each is there already."""
    training = load_config(config_file("training", study.training))
    chat = chat_of(training.base, training.revision)
    found: list[PlannedTraining] = []
    for _, subject in _subjects(store, study, training.base):
        found += planned_plots(study, subject, training, chat, place.shelf)
    return found


def _tone(store: Store, study: ToneStudy) -> tuple[Campaign, PromptingTask, TrainingConfig]:
    campaign = load_campaign(config_file("campaigns", study.campaign))
    if not campaign.tone:
        raise StudyError(
            f"found the campaign “{campaign.name}” to be of a persona, expected one of a tone; "
            "study it with `timbre study persona`"
        )
    subject = subject_of(campaign)
    training = load_config(config_file("training", study.training))
    examples = unseen(store, _examples(store, campaign, study.examples), training.base)
    talk = [e for e in examples if e.kind is CandidateKind.CONVERSATION]
    held = sorted((e for e in talk if e.split is Split.TEST), key=lambda example: example.id)
    if not held:
        raise StudyError(
            f"found no held-out conversation in “{campaign.name}”, expected some; generate more "
            "candidates, or give the test side a larger share"
        )
    pool = sorted((e for e in talk if e.split is Split.TRAIN), key=lambda e: (_length(e), e.id))
    asked = PromptingTask(
        prompts=tuple(held[: study.ladder.prompts or None]),
        pool=tuple(pool),
        aim=subject.aim,
        system=subject.system,
        rules=rules_of(campaign),
        rewrite=study.ladder.rewrite or rewrite_of(campaign),
    )
    return campaign, asked, training


def _length(example: Example) -> int:
    return sum(len(message.content) for message in example.messages)


def _persona(store: Store, campaign: Campaign, study: PersonaStudy, base: str) -> Subject:
    persona = load_persona(config_file("personas", campaign.persona))
    examples = tuple(unseen(store, _examples(store, campaign, study.examples), base))
    dialogues = [e for e in examples if e.kind is CandidateKind.DIALOGUE]
    held = {e.passage for e in examples if e.split is Split.TEST and e.passage}
    passages = sorted(store.stream(Passage, id=tuple(held)), key=lambda passage: passage.id)
    subject = subject_of(campaign)
    return Subject(
        campaign=campaign.name,
        name=persona.name,
        system=subject.system,
        aim=subject.aim,
        examples=examples,
        prompts=prompt_sets(dialogues, study.prompts),
        choices=_choices(persona),
        plain=tuple(passage.text for passage in passages),
        general=_questions(study.general).choices,
    )


def _choices(persona: Persona) -> tuple[MultipleChoice, ...]:
    """Multiple choice between what is true of a persona and of the other shipped ones."""
    strangers = [other for other in _shipped() if other.name != persona.name]
    asked = persona_questions(
        persona.name,
        [(trait.name, trait.description) for trait in persona.traits],
        [fact.first for fact in persona.facts],
        (
            [trait.description for other in strangers for trait in other.traits],
            [fact.first for other in strangers for fact in other.facts],
        ),
    )
    return tuple(asked)


def _subjects(store: Store, study: PersonaStudy, base: str) -> Iterator[tuple[Campaign, Subject]]:
    """Each campaign of a study with its persona.

    Raises `StudyError` if there is not one file of questions for each campaign, or none at all,
    or a campaign has no persona.
    """
    asked = study.questions or ("",) * len(study.campaigns)
    if len(asked) != len(study.campaigns):
        raise StudyError(
            f"found {len(asked)} files of questions for {len(study.campaigns)} campaigns, expected "
            "one for each in the same order, or none; correct the file"
        )
    for name, questions in zip(study.campaigns, asked, strict=True):
        campaign = load_campaign(config_file("campaigns", name))
        if not campaign.persona:
            raise StudyError(
                f"found the campaign “{campaign.name}” to be of a tone, expected one of a persona; "
                "study it with `timbre study tone`"
            )
        subject = _persona(store, campaign, study, base)
        yield campaign, replace(subject, open=_questions(questions).open)


def _rating(store: Store, campaign: Campaign, settings: Settings) -> Rating | None:
    """The campaign's judge, as it is asked, with what its cards say of it."""
    judge = judge_of(campaign)
    if judge is None:
        return None
    reviews = list(store.current_reviews(dataset=campaign.judged_datasets))
    cards = rating_cards(store, campaign, reviews, subject_of(campaign))
    least = campaign.gates.judge_kappa
    said = (c.sentence + (" Diagnostic only." if c.diagnostic_only(least) else "") for c in cards)
    return Rating(judge, asking(campaign, settings), tuple(said))


def _questions(name: str) -> Questions:
    if not name:
        return Questions()
    path = config_file("questions", name)
    questions = within_limits(read_form(Questions, path), path.name)
    return check_questions(questions, path.name)


def _shipped() -> list[Persona]:
    return [load_persona(path) for path in sorted((CONFIGS / "personas").glob("*.toml"))]


def _examples(store: Store, campaign: Campaign, source: str) -> list[Example]:
    """The campaign's examples: those of its newest version, or all candidates, split by article.

    Raises `StudyError` if there are none.
    """
    if source not in (_APPROVED, "candidates"):
        raise StudyError(
            f"found the examples “{source}”, expected approved or candidates; correct the file"
        )
    if source == _APPROVED:
        version = _newest_version(store, campaign)
        found = list(version_examples(store, version)) if version else []
    else:
        found = list(_unjudged(store, campaign))
    if not found:
        kind, todo = ("approved example", "version freeze") if source == _APPROVED else (
            "candidate", "generate")  # fmt: skip
        raise StudyError(
            f"found no {kind} of “{campaign.name}”, expected some; make them with "
            f"`timbre {todo} {campaign.name}`"
        )
    return found


def _newest_version(store: Store, campaign: Campaign) -> Version | None:
    return next(reversed(list(store.stream(Version, campaign=campaign.name))), None)


def _unjudged(store: Store, campaign: Campaign) -> Iterator[Example]:
    splits = Splits(campaign.freeze.train, campaign.freeze.validation, campaign.freeze.test)
    articles = {passage.id: passage.article for passage in store.stream(Passage)}
    for made in store.stream(Candidate, campaign=campaign.name):
        article = articles.get(made.passage or "")
        yield Example(
            candidate=made.id,
            verdict="",
            kind=made.kind,
            split=split_of(article or made.id, campaign.freeze.salt, splits),
            messages=made.messages,
            text=made.text,
            question=made.question,
            reference=made.reference,
            passage=made.passage,
            article=article,
            persona=made.persona,
            traits=made.traits,
        )


def _notice(store: Store, campaign: Campaign, source: str, base: str) -> str:
    version = _newest_version(store, campaign)
    judged = version if source == _APPROVED else None
    notice = review_notice(judged.reviewer_kinds) if judged else _UNJUDGED
    return f"{notice} {LEFT_OUT}" if base == MINI else notice


def _newest(store: Store) -> str:
    """When the newest thing that the store holds happened, so that a page can be made again."""
    kinds = (EventKind.FROZEN, EventKind.FINISHED, EventKind.PUSHED)
    return max((e.at for e in store.stream(Event, kind=kinds)), default="an unknown time")


def minutes_timed(shelf: ResultCache) -> float | None:
    """What a training of a study took here on average, None before one was finished."""
    seconds = [cell["facts"]["seconds"] for cell in shelf.cells() if "facts" in cell]
    return sum(seconds) / len(seconds) / 60 if seconds else None
