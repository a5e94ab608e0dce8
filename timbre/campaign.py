"""Load campaigns, along with the files that their configuration refers to.

`load_campaign` reads the campaign file and every file that it refers to. No other code opens
campaign, tone, persona or training files.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from pydantic import Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from annotation.guidelines import candidate_guidelines
from annotation.review_settings import Basis, ReviewSettings, ScalePoint, StyleRule, TraitLabel
from annotation.verdicts import VerdictRule, VotingRule
from evaluation.criteria import (
    NO_CRITERIA,
    Bound,
    Criterion,
    ToneTarget,
    persona_criterion,
    tone_criterion,
)
from evaluation.gates import GateBounds
from evaluation.measures.suggestions import RatingRule, rating_rule
from evaluation.scorer_cards import ReviewQuestions
from evaluation.scorers.criteria import Criteria
from pipelines.text.languages import recognise_language
from pipelines.voices.fields import STRICT
from pipelines.voices.persona import Persona
from pipelines.voices.persona_files import persona_data
from pipelines.voices.tone import Target, Tone
from timbre.campaign_config import (
    CampaignConfig,
    EvaluateConfig,
    FreezeConfig,
    GenerateConfig,
    ReviewConfig,
    WatchConfig,
)
from timbre.config import ConfigError, config_file, parse_config, read_config, read_text
from timbre.settings import SettingsError
from trainer.config import TrainingConfig

V = TypeVar("V", Tone, Persona)
VECTOR_SIZE = 384
"""The dimensions of the sentence vectors that “find similar” uses in the web UI."""
METADATA_MEASURES = ("flesch_reading_ease", "words_per_sentence")
"""The measures that reviewers can filter and sort by."""


@dataclass(frozen=True)
class NamedTraining:
    """Training settings, and the name or file that they were loaded from."""

    name: str
    config: TrainingConfig


@dataclass(frozen=True)
class Campaign:
    """A campaign with everything that its file refers to.

    Attributes:
        name: The name of the campaign.
        voice: The tone or persona.
        criterion: The criterion that decides whether an answer is in the voice, or None if the tone
            has no target and no rules.
        criteria: Rules for a text, in addition to its tone's target or its persona's traits.
        system_prompt: The system prompt of the prompted arm.
        review_settings: The questions for reviewers.
        training: The training settings.
        watch_training: The training settings for the runs that are started for new versions.
        sources: The sources of the campaign's articles; if empty, all stored articles are used.
        chats: Files of chats whose answers are rewritten.
        licence: The licence of material that doesn't state one.
        generate: Which candidates to generate, and which teacher to use.
        review: Who reviews, and how reviews are combined into a verdict.
        gates: The conditions that a version must meet.
        freeze: How to split examples.
        evaluate: How to answer held-out prompts and judge the answers.
        watch: Which versions to train on automatically.
        folder: The folder of the campaign file.
    """

    name: str
    voice: Tone | Persona
    criterion: Criterion | None
    criteria: Criteria
    system_prompt: str
    review_settings: ReviewSettings
    training: NamedTraining
    watch_training: tuple[NamedTraining, ...]
    sources: tuple[str, ...]
    chats: tuple[str, ...]
    licence: str
    generate: GenerateConfig
    review: ReviewConfig
    gates: GateBounds
    freeze: FreezeConfig
    evaluate: EvaluateConfig
    watch: WatchConfig
    folder: Path = field(default=Path(), compare=False)

    @property
    def subject(self) -> str:
        """The tone or persona as a phrase, such as `the tone “conversational”`."""
        kind = "tone" if isinstance(self.voice, Tone) else "persona"
        return f"the {kind} “{self.voice.name}”"

    @property
    def verdict_rule(self) -> VerdictRule:
        """The rule that combines at least `overlap` reviews into a verdict."""
        review = self.review
        return VerdictRule(VotingRule(review.verdict), review.adjudicator, review.overlap)

    def require_criterion(self, purpose: str) -> Criterion:
        """Return the criterion.

        Raises `SettingsError` if the campaign has no criterion. The error message starts with
        `purpose`.
        """
        if self.criterion is None:
            raise SettingsError(
                f"{purpose} needs to know which answers match the tone, but {self.subject} has no "
                "[target]. Add a [target] section with at least one entry in `bounds` to the tone "
                "file."
            )
        return self.criterion

    @property
    def rating_rule(self) -> RatingRule | None:
        """The rule that suggests tone ratings, or None for personas and tones with no criterion."""
        if isinstance(self.voice, Persona) or self.criterion is None:
            return None
        return rating_rule(self.criterion, self.voice.scale.values)

    @property
    def guidelines(self) -> str:
        """The guidelines that reviewers of candidates read in the web UI, as Markdown."""
        return candidate_guidelines(self.review_settings)

    @property
    def review_questions(self) -> ReviewQuestions:
        """The review questions whose answers Timbre can suggest based on measures."""
        settings, voice = self.review_settings, self.voice
        return ReviewQuestions(
            scale_middle=None if isinstance(voice, Persona) else voice.scale.middle,
            rating_rule=self.rating_rule,
            language=self.voice.language,
            is_grounded=settings.is_grounded,
            traits=tuple(trait.name for trait in settings.traits),
            guidelines=self.guidelines,
        )

    @property
    def candidates_dataset(self) -> str:
        """The name of the Argilla dataset in which candidates are reviewed."""
        return f"{self.name}-candidates"

    @property
    def measures_agreement(self) -> bool:
        """Whether some records have two reviewers."""
        return self.review.overlap > 1 or self.review.calibration > 0

    @property
    def calibration_dataset(self) -> str:
        """The name of the Argilla dataset for measuring agreement, which shows no suggestions."""
        return f"{self.name}-calibration"

    @property
    def adjudication_dataset(self) -> str:
        """The name of the Argilla dataset in which an adjudicator decides ties."""
        return f"{self.name}-adjudication"

    @property
    def outputs_dataset(self) -> str:
        """The name of the Argilla dataset in which outputs are compared."""
        return f"{self.name}-outputs"

    @property
    def bases(self) -> tuple[Basis, ...]:
        """What the facts of its records may be compared with, the most common first."""
        own = self.review_settings.basis
        return (own,) if own is Basis.NOTHING else (own, *(b for b in Basis if b is not own))

    def dataset_for(self, dataset: str, basis: Basis) -> str:
        """One of its datasets for records with a basis; the most common one has no ending."""
        return dataset if basis is self.bases[0] else f"{dataset}-{basis.value}"

    def datasets_of(self, *datasets: str) -> tuple[str, ...]:
        """Some of its datasets for every basis that a record may have."""
        return tuple(self.dataset_for(name, basis) for name in datasets for basis in self.bases)

    @property
    def independent_datasets(self) -> tuple[str, ...]:
        """The datasets in which candidates are reviewed without seeing other reviewers' answers."""
        return self.datasets_of(self.candidates_dataset, self.calibration_dataset)

    @property
    def candidate_datasets(self) -> tuple[str, ...]:
        """The datasets in which candidates are reviewed."""
        return *self.independent_datasets, *self.datasets_of(self.adjudication_dataset)

    @property
    def datasets(self) -> tuple[str, ...]:
        """All its Argilla datasets."""
        return *self.candidate_datasets, *self.datasets_of(self.outputs_dataset)


def load_campaign(name: Path | str) -> Campaign:
    """Load a campaign from its file, its folder, or a name in configs/campaigns.

    Raises `SettingsError` if a file that it refers to is missing, `ConfigError` if one can't be
    used.
    """
    path = config_file("campaigns", name)
    return resolve_campaign(read_config(CampaignConfig, path), path.parent)


def resolve_campaign(config: CampaignConfig, folder: Path = Path()) -> Campaign:
    """Resolve a campaign: load its tone or persona and its training settings.

    Files in the campaign's folder are found by their names there. Raises `SettingsError` if a file
    is missing, `ConfigError` if one can't be used.
    """

    def locate(name: str) -> str:
        file, mark, choice = name.partition("#")
        is_beside = bool(file) and (folder / file).exists()
        return f"{folder / file}{mark}{choice}" if is_beside else name

    training = load_training(locate(config.training))
    tone, persona = locate(config.tone), locate(config.persona)
    voice, criteria = load_voice(tone, persona)
    return Campaign(
        name=config.name,
        voice=voice,
        system_prompt=config.evaluate.system_prompt or voice.system,
        review_settings=_review_settings(voice, config.review.overlap),
        criterion=voice_criterion(voice, criteria),
        criteria=criteria,
        training=training,
        watch_training=tuple(load_training(locate(name)) for name in config.watch.training)
        or (training,),
        sources=tuple(map(locate, config.sources)),
        chats=tuple(map(locate, config.chats)),
        licence=config.licence,
        generate=config.generate,
        review=config.review,
        gates=config.gates,
        freeze=config.freeze,
        evaluate=config.evaluate,
        watch=config.watch,
        folder=folder,
    )


@pydantic_dataclass(frozen=True, config=STRICT)
class ToneFile(Tone):
    """A tone file: the tone, and the criteria that its texts must meet."""

    criteria: Criteria = Field(default=NO_CRITERIA, description="What a text must be like.")


@pydantic_dataclass(frozen=True, config=STRICT)
class PersonaToml(Persona):
    """A persona file of ours: the persona, and the criteria that its texts must meet."""

    criteria: Criteria = Field(default=NO_CRITERIA, description="What a text must be like.")


def load_voice(tone: str, persona: str = "") -> tuple[Tone | Persona, Criteria]:
    """Load a tone or else a persona, with the criteria of its file."""
    if tone:
        file = read_config(ToneFile, config_file("tones", tone))
        return _without_criteria(Tone, file), file.criteria
    persona_file = read_persona(persona)
    return persona_file.persona, persona_file.criteria


def load_tone(name: Path | str) -> Tone:
    """Load a tone from a file or a name in configs/tones."""
    return _without_criteria(Tone, read_config(ToneFile, config_file("tones", name)))


def _without_criteria(kind: type[V], file: V) -> V:
    return kind(**{f.name: getattr(file, f.name) for f in fields(kind)})


@dataclass(frozen=True)
class PersonaFile:
    """A persona, along with any unsupported fields found in its file."""

    persona: Persona
    unused: tuple[str, ...] = ()
    criteria: Criteria = NO_CRITERIA


def load_persona(name: Path | str) -> Persona:
    """Load a persona as `read_persona` does, but ignore unsupported fields."""
    return read_persona(name).persona


def read_persona(name: Path | str) -> PersonaFile:
    """Read a persona from a file or a name in configs/personas.

    The file is a persona file, a constitution, a character card or a list of one-line personas,
    from which `FILE#NUMBER` or `FILE#NAME` selects one.
    """
    file, _, choice = (str(name), "", "") if Path(name).is_file() else str(name).partition("#")
    path = config_file("personas", file)
    if path.name.removesuffix(".gz").endswith(".toml"):
        ours = read_config(PersonaToml, path)
        return PersonaFile(_without_criteria(Persona, ours), criteria=ours.criteria)
    try:
        stem = Path(path.name.removesuffix(".gz")).stem
        data = persona_data(read_text(path), stem, choice)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(path), [f"{error}."]) from error
    language = recognise_language(data.values["description"])
    values = {"language": language, **data.values}
    return PersonaFile(parse_config(Persona, values, str(path)), data.unused)


def load_training(name: Path | str) -> NamedTraining:
    """Load training settings from a file or a name in configs/training."""
    return NamedTraining(str(name), read_config(TrainingConfig, config_file("training", name)))


def shipped_personas() -> list[Persona]:
    """Load all personas in configs/personas."""
    folder: Path = config_file("personas", "marlo").parent
    return [load_persona(path.stem) for path in sorted(folder.glob("*.toml"))]


def voice_criterion(voice: Tone | Persona, criteria: Criteria) -> Criterion | None:
    """Build the criterion of a tone or persona; None if nothing in its file can be measured.

    Raises `EvaluationError` if a part of it can't be measured.
    """
    if isinstance(voice, Persona):
        traits = {trait.name: trait.markers for trait in voice.traits}
        if not any(traits.values()) and not criteria.scorers:
            return None
        return persona_criterion(traits, criteria, voice.language)
    if voice.target == Target() and not criteria.scorers:
        return None
    bounds = [Bound(bound.measure, bound.at_least, bound.at_most) for bound in voice.target.bounds]
    target = ToneTarget(bounds, voice.target.signs, voice.target.signs_of)
    return tone_criterion(voice.name, target, criteria, voice.language)


def _style_rules(tone: Tone) -> tuple[StyleRule, ...]:
    """The rules in the guidelines; in a tone without any, its example pairs."""
    if tone.guidelines:
        return tuple(StyleRule(g.do, g.plain, g.rewritten) for g in tone.guidelines)
    return tuple(StyleRule("", e.plain, e.rewritten) for e in tone.examples)


def _review_settings(voice: Tone | Persona, overlap: int) -> ReviewSettings:
    if isinstance(voice, Persona):
        return ReviewSettings(
            subject=voice.name,
            description=voice.description,
            traits=tuple(TraitLabel(t.name, t.description) for t in voice.traits),
            basis=Basis.NOTHING,
            overlap=overlap,
            vector=VECTOR_SIZE,
            measures=METADATA_MEASURES,
        )
    return ReviewSettings(
        subject=voice.name,
        description=voice.description,
        scale_question=voice.scale.question,
        scale=tuple(ScalePoint(a.value, a.label, a.example) for a in voice.scale.anchors),
        style_rules=_style_rules(voice),
        overlap=overlap,
        vector=VECTOR_SIZE,
        measures=METADATA_MEASURES,
    )
