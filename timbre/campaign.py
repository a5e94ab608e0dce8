"""A campaign with everything that its configuration refers to, resolved once.

`load_campaign` reads the campaign's file and every file it refers to. Nothing downstream opens a
configuration file.
"""

from dataclasses import dataclass
from pathlib import Path

from annotation.guidelines import candidate_guidelines
from annotation.review_settings import ReviewSettings, ScalePoint, StyleRule, TraitLabel
from annotation.verdicts import VerdictRule, VotingRule
from evaluation.criteria import Bound, Criterion, persona_criterion, tone_criterion
from evaluation.gates import GateBounds
from evaluation.measures.suggestions import RatingRule, rating_rule
from evaluation.scorer_cards import ReviewQuestions
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

VECTOR_SIZE = 384
"""Dimensions of the sentence vectors that “find similar” uses in the web UI."""
METADATA_MEASURES = ("flesch_reading_ease", "words_per_sentence")
"""Measures that reviewers can filter and sort by."""


@dataclass(frozen=True)
class NamedTraining:
    """Training settings, and the name or file from which they were read."""

    name: str
    config: TrainingConfig


@dataclass(frozen=True)
class Campaign:
    """A campaign with everything its file refers to.

    Attributes:
        name: Its name.
        voice: Its tone or persona.
        criterion: When an answer counts as being in the voice; None if its tone sets no target.
        system_prompt: What the prompted arm is told.
        review_settings: What reviewers are asked.
        training: Its training settings.
        watch_training: The settings of the runs that a new version starts.
        sources: What its articles are read from; every stored article if empty.
        generate: Which candidates are generated, and by which teacher.
        review: Who reviews, and how their reviews become a verdict.
        gates: What a version must meet.
        freeze: How examples are split.
        evaluate: How held-out prompts are answered and judged.
        watch: Which versions start runs.
    """

    name: str
    voice: Tone | Persona
    criterion: Criterion | None
    system_prompt: str
    review_settings: ReviewSettings
    training: NamedTraining
    watch_training: tuple[NamedTraining, ...]
    sources: tuple[str, ...]
    generate: GenerateConfig
    review: ReviewConfig
    gates: GateBounds
    freeze: FreezeConfig
    evaluate: EvaluateConfig
    watch: WatchConfig

    @property
    def subject(self) -> str:
        """The tone or persona in words."""
        kind = "tone" if isinstance(self.voice, Tone) else "persona"
        return f"the {kind} “{self.voice.name}”"

    @property
    def verdict_rule(self) -> VerdictRule:
        """How reviews become a verdict. A record with fewer reviews than the overlap gets none."""
        review = self.review
        return VerdictRule(VotingRule(review.verdict), review.adjudicator, review.overlap)

    def require_criterion(self, purpose: str) -> Criterion:
        """The criterion; raises `SettingsError` if there is none, which `purpose` needs."""
        if self.criterion is None:
            raise SettingsError(
                f"{purpose} needs to know which answers are in the tone, but {self.subject} has "
                "no [target]. Add one to its file, with at least one bound on a measure."
            )
        return self.criterion

    @property
    def rating_rule(self) -> RatingRule | None:
        """What suggests a rating of the tone; None for a persona and without a criterion."""
        if isinstance(self.voice, Persona) or self.criterion is None:
            return None
        return rating_rule(self.criterion, self.voice.scale.values)

    @property
    def guidelines(self) -> str:
        """The guidelines that reviewers of candidates read in the web UI, as Markdown."""
        return candidate_guidelines(self.review_settings)

    @property
    def review_questions(self) -> ReviewQuestions:
        """The review questions for which measures suggest answers."""
        settings, voice = self.review_settings, self.voice
        return ReviewQuestions(
            scale_middle=None if isinstance(voice, Persona) else voice.scale.middle,
            rating_rule=self.rating_rule,
            is_grounded=settings.grounded,
            traits=tuple(trait.name for trait in settings.traits),
            guidelines=self.guidelines,
        )

    @property
    def candidates_dataset(self) -> str:
        """The Argilla dataset in which candidates are reviewed."""
        return f"{self.name}-candidates"

    @property
    def calibration_dataset(self) -> str:
        """The Argilla dataset without suggestions, which shows how far reviewers agree."""
        return f"{self.name}-calibration"

    @property
    def adjudication_dataset(self) -> str:
        """The Argilla dataset in which an adjudicator decides ties."""
        return f"{self.name}-adjudication"

    @property
    def outputs_dataset(self) -> str:
        """The Argilla dataset in which outputs are compared."""
        return f"{self.name}-outputs"

    @property
    def independent_datasets(self) -> tuple[str, ...]:
        """The datasets in which candidates are reviewed without seeing other reviewers' answers."""
        return self.candidates_dataset, self.calibration_dataset

    @property
    def candidate_datasets(self) -> tuple[str, ...]:
        """The datasets in which candidates are reviewed."""
        return *self.independent_datasets, self.adjudication_dataset

    @property
    def datasets(self) -> tuple[str, ...]:
        """All its Argilla datasets."""
        return *self.candidate_datasets, self.outputs_dataset


def load_campaign(name: Path | str) -> Campaign:
    """Load a campaign from a file or a name in configs/campaigns, with every file it refers to.

    Raises `SettingsError` if a file is missing, `ConfigError` if one can't be used.
    """
    return resolve_campaign(read_config(CampaignConfig, config_file("campaigns", name)))


def resolve_campaign(config: CampaignConfig) -> Campaign:
    """Resolve a campaign: load its tone or persona and its training settings.

    Raises `SettingsError` if a file is missing, `ConfigError` if one can't be used.
    """
    training = load_training(config.training)
    voice = load_tone(config.tone) if config.tone else load_persona(config.persona)
    return Campaign(
        name=config.name,
        voice=voice,
        system_prompt=config.evaluate.system_prompt or voice.system,
        review_settings=_review_settings(voice, config.review.overlap),
        criterion=_criterion(voice),
        training=training,
        watch_training=tuple(map(load_training, config.watch.training)) or (training,),
        sources=config.sources,
        generate=config.generate,
        review=config.review,
        gates=config.gates,
        freeze=config.freeze,
        evaluate=config.evaluate,
        watch=config.watch,
    )


def load_tone(name: Path | str) -> Tone:
    """Load a tone from a file or a name in configs/tones."""
    return read_config(Tone, config_file("tones", name))


@dataclass(frozen=True)
class PersonaFile:
    """A persona, and the fields of its file that a persona has no place for."""

    persona: Persona
    unused: tuple[str, ...] = ()


def load_persona(name: Path | str) -> Persona:
    """The persona of `read_persona`."""
    return read_persona(name).persona


def read_persona(name: Path | str) -> PersonaFile:
    """The persona of a file or of a name in configs/personas.

    The file is ours, a constitution, a character card, or has one-line personas, of which
    `FILE#NUMBER` or `FILE#NAME` chooses one.
    """
    file, _, choice = (str(name), "", "") if Path(name).is_file() else str(name).partition("#")
    path = config_file("personas", file)
    if path.suffix == ".toml":
        return PersonaFile(read_config(Persona, path))
    try:
        data = persona_data(read_text(path), path.stem, choice)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(path), [f"{error}."]) from error
    return PersonaFile(parse_config(Persona, data.values, str(path)), data.unused)


def load_training(name: Path | str) -> NamedTraining:
    """Load training settings from a file or a name in configs/training."""
    return NamedTraining(str(name), read_config(TrainingConfig, config_file("training", name)))


def shipped_personas() -> list[Persona]:
    """The personas in configs/personas."""
    folder: Path = config_file("personas", "marlo").parent
    return [load_persona(path.stem) for path in sorted(folder.glob("*.toml"))]


def _criterion(voice: Tone | Persona) -> Criterion | None:
    if isinstance(voice, Persona):
        return persona_criterion({trait.name: trait.markers for trait in voice.traits})
    if voice.target == Target():
        return None
    bounds = [Bound(bound.measure, bound.at_least, bound.at_most) for bound in voice.target.bounds]
    return tone_criterion(voice.name, bounds, voice.target.signs, voice.target.signs_of)


def _review_settings(voice: Tone | Persona, overlap: int) -> ReviewSettings:
    if isinstance(voice, Persona):
        return ReviewSettings(
            subject=voice.name,
            description=voice.description,
            traits=tuple(TraitLabel(t.name, t.description) for t in voice.traits),
            grounded=False,
            overlap=overlap,
            vector=VECTOR_SIZE,
            measures=METADATA_MEASURES,
        )
    return ReviewSettings(
        subject=voice.name,
        description=voice.description,
        scale_question=voice.scale.question,
        scale=tuple(ScalePoint(a.value, a.label, a.example) for a in voice.scale.anchors),
        style_rules=tuple(StyleRule(g.do, g.plain, g.rewritten) for g in voice.guidelines),
        overlap=overlap,
        vector=VECTOR_SIZE,
        measures=METADATA_MEASURES,
    )
