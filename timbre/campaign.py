"""Load campaigns, along with the files that their configuration refers to.

Only this module opens campaign, tone, persona and training files.
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
    """A loaded campaign: its settings, and the tone or persona and training settings that it names.

    Attributes:
        name: The name of the campaign.
        voice: The tone or persona.
        criterion: The criterion that decides whether an answer matches the tone or persona, or None
            if a tone has no target and no criteria.
        criteria: Criteria for texts in the tone or of the persona, in addition to the tone's target
            or the persona's traits.
        system_prompt: The system prompt for the prompted arm, which is the base model with a system
            prompt.
        review_settings: The questions for reviewers.
        training: The training settings.
        watch_training: The training settings for runs that the worker starts for new versions.
        sources: The sources of the campaign's articles; if empty, all stored articles are used.
        chats: Chat files whose answers the teacher rewrites in the tone.
        licence: The licence of material that doesn't state one.
        generate: Settings for generating candidates, such as the teacher.
        review: Settings for reviews, such as the reviewers and how their reviews are combined into
            a verdict.
        gates: The conditions under which a version can be frozen.
        freeze: How to split examples.
        evaluate: Settings for answering held-out prompts and judging the answers.
        watch: Settings for starting training runs for new versions automatically.
        folder: The folder that contains the campaign file.
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

        Raises `SettingsError` if the campaign has no criterion. `purpose`, such as “A study”, is
        the subject of the error message.
        """
        if self.criterion is None:
            kind = "persona" if isinstance(self.voice, Persona) else "tone"
            raise SettingsError(
                f"{purpose} needs to know which answers match the {kind}, but {self.lacking}. Add "
                f"a [criteria] section to the {kind} file."
            )
        return self.criterion

    @property
    def lacking(self) -> str:
        """What the file of a voice without a criterion lacks, such as `the tone “x” has no …`."""
        if isinstance(self.voice, Persona):
            return f"{self.subject} has no [criteria], and its traits have no `markers`"
        return f"{self.subject} has no [target] and no [criteria]"

    @property
    def rating_rule(self) -> RatingRule | None:
        """The rule that suggests tone ratings, or None if the campaign has no tone criterion."""
        if isinstance(self.voice, Persona) or self.criterion is None:
            return None
        return rating_rule(self.criterion, self.voice.scale.values)

    @property
    def guidelines(self) -> str:
        """The guidelines that reviewers of candidates read in the web UI, as Markdown."""
        return candidate_guidelines(self.review_settings)

    @property
    def review_questions(self) -> ReviewQuestions:
        """The review questions for which Timbre can suggest answers, based on measures."""
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
        """Whether at least some of the campaign's records are reviewed by two people."""
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
        """The kinds of text that reviewers may compare a record's facts with, most common first."""
        own = self.review_settings.basis
        return (own,) if own is Basis.NOTHING else (own, *(b for b in Basis if b is not own))

    def dataset_for(self, dataset: str, basis: Basis) -> str:
        """Return the name of the dataset for records whose facts are compared with `basis`."""
        return dataset if basis is self.bases[0] else f"{dataset}-{basis.value}"

    def datasets_of(self, *datasets: str) -> tuple[str, ...]:
        """Return the full names of these Argilla datasets, each of which is split by basis."""
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
        """All Argilla datasets of the campaign."""
        return *self.candidate_datasets, *self.datasets_of(self.outputs_dataset)


def load_campaign(name: Path | str) -> Campaign:
    """Load a campaign from its file, its folder, or a name in configs/campaigns.

    Raises `SettingsError` if the campaign file or a file that it names is missing, and
    `ConfigError` if one of these files is invalid.
    """
    path = config_file("campaigns", name)
    return resolve_campaign(read_config(CampaignConfig, path), path.parent)


def resolve_campaign(config: CampaignConfig, folder: Path = Path()) -> Campaign:
    """Resolve a campaign: load its tone or persona and its training settings.

    Names in the configuration can refer to files in the campaign's folder. Raises `SettingsError`
    if a file is missing, and `ConfigError` if a file is invalid.
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
    """The contents of a tone file: a tone, and criteria for texts in this tone."""

    criteria: Criteria = Field(default=NO_CRITERIA, description="Criteria that a text must meet.")


@pydantic_dataclass(frozen=True, config=STRICT)
class PersonaToml(Persona):
    """The contents of a persona file in Timbre's format: a persona, and criteria for its texts."""

    criteria: Criteria = Field(default=NO_CRITERIA, description="Criteria that a text must meet.")


def load_voice(tone: str, persona: str = "") -> tuple[Tone | Persona, Criteria]:
    """Load a tone, or a persona if `tone` is empty, and the criteria from the same file."""
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
    """The contents of a persona file, including the names of fields that Timbre doesn't support."""

    persona: Persona
    unused: tuple[str, ...] = ()
    criteria: Criteria = NO_CRITERIA


def load_persona(name: Path | str) -> Persona:
    """Load a persona, and ignore any fields in its file that Timbre doesn't support."""
    return read_persona(name).persona


def read_persona(name: Path | str) -> PersonaFile:
    """Read a persona from a file or a name in configs/personas.

    The file can be a persona file, a constitution, a character card or a list of one-line personas.
    `FILE#NUMBER` or `FILE#NAME` selects one persona from a list.
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
    """Build the criterion of a tone or persona, or return None if there is nothing to measure.

    Raises `EvaluationError` if Timbre can't measure a bound or a criterion.
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
    """Return the tone's style guidelines, or its example pairs if it has no guidelines."""
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
