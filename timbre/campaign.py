"""Load a campaign once, with everything that its configuration refers to.

`load_campaign` reads the campaign file and every file that it refers to. No other code opens
campaign, tone, persona or training files.
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
        criterion: The criterion for an answer to be in the voice, or None if the tone has no
            target.
        system_prompt: The system prompt of the prompted arm.
        review_settings: The questions for reviewers.
        training: The training settings.
        watch_training: The training settings for the runs that new versions start.
        sources: The sources of the campaign's articles; if empty, all stored articles are used.
        generate: Which candidates to generate, and with which teacher.
        review: Who reviews, and how reviews are combined into a verdict.
        gates: The conditions that a version must meet.
        freeze: How to split examples.
        evaluate: How to answer held-out prompts and judge the answers.
        watch: Which versions start runs automatically.
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
        """The tone or persona as a phrase, such as `the tone “conversational”`."""
        kind = "tone" if isinstance(self.voice, Tone) else "persona"
        return f"the {kind} “{self.voice.name}”"

    @property
    def verdict_rule(self) -> VerdictRule:
        """The rule that combines reviews into a verdict, which requires `overlap` reviews."""
        review = self.review
        return VerdictRule(VotingRule(review.verdict), review.adjudicator, review.overlap)

    def require_criterion(self, purpose: str) -> Criterion:
        """Return the criterion. Raises `SettingsError` if `purpose` needs one and there is none."""
        if self.criterion is None:
            raise SettingsError(
                f"{purpose} needs to know which answers are in the tone, but {self.subject} has no "
                "[target]. Add a [target] section with at least one bound on a measure to the "
                "tone file."
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
        """The review questions for which measures can suggest answers."""
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
        """The name of the Argilla dataset in which candidates are reviewed."""
        return f"{self.name}-candidates"

    @property
    def calibration_dataset(self) -> str:
        """The name of the Argilla dataset without suggestions, which measures agreement."""
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
    def independent_datasets(self) -> tuple[str, ...]:
        """The names of the datasets in which reviewers don't see each other's answers."""
        return self.candidates_dataset, self.calibration_dataset

    @property
    def candidate_datasets(self) -> tuple[str, ...]:
        """The names of all datasets in which candidates are reviewed."""
        return *self.independent_datasets, self.adjudication_dataset

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of all Argilla datasets of the campaign."""
        return *self.candidate_datasets, self.outputs_dataset


def load_campaign(name: Path | str) -> Campaign:
    """Load a campaign and every file that it refers to, from a file or a name in configs/campaigns.

    Raises `SettingsError` if a file is missing, and `ConfigError` if a file is invalid.
    """
    return resolve_campaign(read_config(CampaignConfig, config_file("campaigns", name)))


def resolve_campaign(config: CampaignConfig) -> Campaign:
    """Resolve a campaign: load its tone or persona and its training settings.

    Raises `SettingsError` if a file is missing, and `ConfigError` if a file is invalid.
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
    """A persona, along with any unsupported fields found in its file."""

    persona: Persona
    unused: tuple[str, ...] = ()


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
    """Load all personas in configs/personas."""
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
