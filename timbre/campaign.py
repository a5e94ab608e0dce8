"""A campaign: what is generated, judged, frozen and reported together, as one TOML file."""

import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path

from db.records import CandidateKind
from pipelines.form import read_form
from timbre.settings import SettingsError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_RULINGS = ("majority", "unanimity", "adjudicator")


@dataclass(frozen=True)
class Generation:
    """Which candidates are made, and by whom.

    Attributes:
        teacher: `phrasebook`, `openai:MODEL@URL`, `anthropic:MODEL`, `transformers:PATH`, …
        seed: Another seed gives other texts.
        questions_per_passage: Conversations made from each passage (tones only).
        limit: Most passages used, 0 for all.
        kinds: What is written about each passage (personas only), all kinds where none is named.
        temperature: How freely a model writes; 0 takes the likeliest word each time.
        longest_reply: Most tokens of a reply.
        concurrency: Most requests to an endpoint side by side.
        input_price: US dollars for a million tokens that the teacher reads.
        output_price: US dollars for a million tokens that it writes.
    """

    teacher: str = "phrasebook"
    seed: int = 0
    questions_per_passage: int = 1
    limit: int = 0
    kinds: tuple[str, ...] = ()
    temperature: float = 0.7
    longest_reply: int = 1024
    concurrency: int = 16
    input_price: float = 0.0
    output_price: float = 0.0


@dataclass(frozen=True)
class Reviewing:
    """How people judge.

    Attributes:
        overlap: Reviewers a record.
        verdict: The rule that makes a verdict: majority, unanimity or adjudicator.
        adjudicator: Who has the last word, where the rule is “adjudicator”.
        calibration: Share of the candidates that is set apart, without suggestions, for at least
            two reviewers each; 0 for none.
        annotators: Who is handed which records first; none leaves every record to whoever comes.
    """

    overlap: int = 2
    verdict: str = "majority"
    adjudicator: str = ""
    calibration: float = 0.0
    annotators: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gates:
    """What a version must meet; `agreement` bounds the lower end of the interval of alpha.

    Attributes:
        approved: Fewest approved records.
        agreement: Lowest lower bound of Krippendorff's alpha on the decision.
        near_duplicate: Jaccard similarity of 5-word shingles from which two texts count as one.
        shortest: Fewest words of an approved text.
        longest: Most words of an approved text.
        trait_balance: Lowest ratio of the rarest to the most frequent trait (personas only).
        measured: Least share of approved texts that each suggesting measure calls right, 0 for no
            such gate.
        judge_kappa: Lowest lower bound of a measure's kappa with the reviewers for it to gate.
    """

    approved: int = 10
    agreement: float = 0.2
    near_duplicate: float = 0.8
    shortest: int = 3
    longest: int = 400
    trait_balance: float = 0.2
    measured: float = 0.0
    judge_kappa: float = 0.4


@dataclass(frozen=True)
class Freezing:
    """How examples are split: shares by source article, and fewest articles on a side."""

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    minimum_articles: int = 1
    salt: str = "timbre"


@dataclass(frozen=True)
class Evaluating:
    """How held-out prompts are answered, and what the tuned model is compared with.

    Attributes:
        system_prompt: What the prompted arm is told; empty takes the tone's or persona's own.
        prompts: How many held-out examples are answered, 0 for all.
        max_new_tokens: Longest answer, in tokens.
        no_repeat: No run of so many tokens is generated twice in an answer, 0 for no such rule.
        seed: Seed of the sampling and of the sides of blind pairs.
        judge: A model that rates answers, named as a teacher is; empty for none. It is one more
            measure, and diagnostic only until its card shows that it agrees with reviewers.
        judged: Most reviewed candidates that it rates for its card.
    """

    system_prompt: str = ""
    prompts: int = 0
    max_new_tokens: int = 128
    no_repeat: int = 0
    seed: int = 0
    judge: str = ""
    judged: int = 200


@dataclass(frozen=True)
class Watching:
    """Which versions start runs by themselves (`timbre run watch`).

    Attributes:
        versions: Pattern of their names, such as `demo-*`; empty starts none.
        training: Files of configs/training, a run for each; the campaign's own where none is named.
    """

    versions: str = ""
    training: tuple[str, ...] = ()


@dataclass(frozen=True)
class Campaign:
    """One campaign: a tone or a persona, and a section for each stage.

    `sources` are what `timbre articles add` takes; none means every article in the store.
    `training` names a file of configs/training.
    """

    name: str
    tone: str = ""
    persona: str = ""
    sources: tuple[str, ...] = ()
    training: str = "mini"
    generate: Generation = field(default_factory=Generation)
    review: Reviewing = field(default_factory=Reviewing)
    gates: Gates = field(default_factory=Gates)
    freeze: Freezing = field(default_factory=Freezing)
    evaluate: Evaluating = field(default_factory=Evaluating)
    watch: Watching = field(default_factory=Watching)

    @property
    def candidates_dataset(self) -> str:
        """Name of the Argilla dataset in which candidates are judged."""
        return f"{self.name}-candidates"

    @property
    def calibration_dataset(self) -> str:
        """Name of the Argilla dataset by which reviewers are compared."""
        return f"{self.name}-calibration"

    @property
    def adjudication_dataset(self) -> str:
        """Name of the Argilla dataset in which ties are settled."""
        return f"{self.name}-adjudication"

    @property
    def judged_datasets(self) -> tuple[str, ...]:
        """Names of the datasets whose reviews are of candidates."""
        return self.candidates_dataset, self.calibration_dataset, self.adjudication_dataset

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all its datasets in Argilla."""
        return *self.judged_datasets, self.outputs_dataset

    @property
    def outputs_dataset(self) -> str:
        """Name of the Argilla dataset in which outputs are compared."""
        return f"{self.name}-outputs"


def load_campaign(path: Path) -> Campaign:
    """The campaign that a TOML file describes.

    Raises `FormError` if the file is no TOML, has an unknown key or a value of the wrong type.
    Raises `SettingsError` if what it says cannot be meant.
    """
    campaign = read_form(Campaign, path)
    for right, found in _sense(campaign):
        if not right:
            raise SettingsError(f"found {found} in {path.name}; correct the file")
    return campaign


def _sense(campaign: Campaign) -> Iterator[tuple[bool, str]]:
    review, freeze = campaign.review, campaign.freeze
    yield (
        bool(_NAME.fullmatch(campaign.name)),
        f"the name {campaign.name!r}, expected letters, digits, hyphens and underscores",
    )
    yield (
        bool(campaign.tone) != bool(campaign.persona),
        f"tone “{campaign.tone}” and persona “{campaign.persona}”, expected one of the two",
    )
    yield (
        review.verdict in _RULINGS,
        f"the verdict “{review.verdict}”, expected one of {', '.join(_RULINGS)}",
    )
    yield (
        (review.verdict == "adjudicator") == bool(review.adjudicator),
        f"the verdict “{review.verdict}” with the adjudicator “{review.adjudicator}”, expected a "
        "name exactly where the verdict is “adjudicator”",
    )
    yield review.overlap > 0, f"an overlap of {review.overlap}, expected 1 or more reviewers"
    yield (
        0 <= review.calibration < 1,
        f"a calibration of {review.calibration}, expected a share from 0 to less than 1",
    )
    fewest = max(2, review.overlap) if review.calibration else review.overlap
    yield (
        not review.annotators or len(set(review.annotators)) >= fewest,
        f"{len(set(review.annotators))} annotators, expected at least the {fewest} that a record "
        "needs, or none at all",
    )
    yield (
        campaign.evaluate.judge != "phrasebook",
        "the judge “phrasebook” in [evaluate], which answers no question; expected a model",
    )
    shares = (freeze.train, freeze.validation, freeze.test)
    yield (
        min(shares) >= 0 and abs(sum(shares) - 1) < 1e-9,
        f"the shares {', '.join(map(str, shares))} in [freeze], expected shares that add up to 1",
    )
    kinds = [kind.value for kind in CandidateKind if kind is not CandidateKind.CONVERSATION]
    unknown = [kind for kind in campaign.generate.kinds if kind not in kinds]
    yield (
        not unknown,
        f"the kind “{(unknown or [''])[0]}” in [generate], expected one of {', '.join(kinds)}",
    )
    yield from _sense_of_numbers(campaign)


def _sense_of_numbers(campaign: Campaign) -> Iterator[tuple[bool, str]]:
    generate, gates = campaign.generate, campaign.gates
    for section in (generate, gates, campaign.freeze, campaign.evaluate):
        for value in astuple(section):
            if isinstance(value, (int, float)):
                yield value >= 0, f"the number {value}, expected 0 or more"
    yield (
        min(generate.concurrency, generate.longest_reply, generate.questions_per_passage) > 0,
        "a concurrency, longest_reply or questions_per_passage under 1 in [generate], expected 1 "
        "or more",
    )
    yield (
        campaign.evaluate.max_new_tokens > 0,
        f"max_new_tokens of {campaign.evaluate.max_new_tokens} in [evaluate], expected 1 or more",
    )
    yield (
        gates.shortest <= gates.longest,
        f"a shortest text of {gates.shortest} words and a longest of {gates.longest} in [gates], "
        "expected a longest that is no shorter",
    )
    for name in ("agreement", "near_duplicate", "trait_balance", "measured", "judge_kappa"):
        bound = getattr(gates, name)
        yield bound <= 1, f"{name} of {bound} in [gates], expected a number from 0 to 1"
