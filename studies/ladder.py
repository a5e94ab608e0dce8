"""The ladder: the same held-out prompts answered by every way of prompting, and by tuning."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field

from db.records import Example, Output
from evaluation.arms import MeasuredArm
from evaluation.measures.criteria import Criterion
from studies.costs import Prices, Usage, chat_of, scored, usage
from studies.result_cache import ResultCache
from studies.strategies import Model, PromptContext, PromptingStrategy, Shots, ask
from trainer.answer import Decoding
from trainer.errors import TrainerError
from trainer.models import fingerprint

ProgressCallback = Callable[[str, int, int], None]
"""ProgressCallback what is being asked, how many answers are there, and how many are wanted."""

BASE, TUNED, TUNED_PROMPTED = "base", "tuned", "tuned-prompted"


@dataclass(frozen=True)
class LadderConfig:
    """How the ladder is climbed.

    Attributes:
        prompts: Held-out prompts asked, 0 for all.
        shots: Examples shown before a prompt in the two few-shot prompting_strategies.
        rewrite: What the second turn asks for where an answer misses the aim; empty for the
            campaign's own words.
        max_new_tokens: Longest answer, in tokens.
        no_repeat: No run of so many tokens is generated twice in an answer, 0 for no such rule.
        batch_size: Prompts answered side by side.
        seed: Seed of the sampling.
        prices: What computing and reviewing cost.
    """

    prompts: int = 0
    shots: int = 2
    rewrite: str = ""
    max_new_tokens: int = 128
    no_repeat: int = 0
    batch_size: int = 32
    seed: int = 0
    prices: Prices = field(default_factory=Prices)

    @property
    def decoding(self) -> Decoding:
        """How answers are made."""
        return Decoding(
            max_new_tokens=self.max_new_tokens,
            no_repeat=self.no_repeat,
            batch_size=self.batch_size,
            seed=self.seed,
        )


@dataclass(frozen=True)
class PromptingTask:
    """What is asked: held-out prompts, examples to show, the aim, and the words of the prompts.

    `system` is the short system prompt, `rules` the long one, `rewrite` what a second turn asks.
    """

    prompts: tuple[Example, ...]
    pool: tuple[Example, ...]
    aim: Criterion
    system: str
    rules: str
    rewrite: str


@dataclass(frozen=True)
class StrategyResult:
    """A way with its measured answers and what one of them takes."""

    way: PromptingStrategy
    arm: MeasuredArm
    usage: Usage
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Ladder:
    """Every rung that could be climbed; `left_out` says of the others why not."""

    rungs: tuple[StrategyResult, ...]
    left_out: Mapping[str, str]

    def rung(self, name: str) -> StrategyResult | None:
        """The rung of a name, None where it was left out."""
        return next((rung for rung in self.rungs if rung.way.name == name), None)


def prompting_strategies(asked: PromptingTask, tuned: bool = True) -> Iterator[PromptingStrategy]:
    """The rungs from the cheapest to the dearest, the two tuned ones last."""
    system = asked.system
    yield PromptingStrategy(BASE, "Base", "the base model without a system prompt")
    yield PromptingStrategy("short", "Short prompt", "a short system prompt", system)
    yield PromptingStrategy(
        "rules", "Long rules", "a system prompt with every rule and example", asked.rules
    )
    yield PromptingStrategy(
        "few", "Few-shot", "the short prompt after fixed examples", system, Shots.FIXED
    )
    yield PromptingStrategy(
        "near", "Few-shot, nearest", "the short prompt after examples near in meaning", system,
        Shots.NEAREST,
    )  # fmt: skip
    yield PromptingStrategy(
        "rewrite", "Rewrite and check",
        "the short prompt; an answer that misses the target is rewritten once", system,
        rewrite=asked.rewrite,
    )  # fmt: skip
    if tuned:
        yield PromptingStrategy(TUNED, "Tuned", "the adapter without a system prompt", tuned=True)
        yield PromptingStrategy(
            TUNED_PROMPTED, "Tuned, prompted", "the adapter with the short prompt", system,
            tuned=True,
        )  # fmt: skip


def run_ladder(
    asked: PromptingTask,
    model: Model,
    config: LadderConfig,
    shelf: ResultCache,
    told: ProgressCallback | None = None,
) -> Ladder:
    """Every way asked of the model; `model` has the adapter that the tuned prompting_strategies use, if any.

    A way whose prompts do not fit the model is left out with the reason.
    """
    room = PromptContext(asked.pool, config.shots, config.decoding, asked.aim)
    chat = chat_of(model.base, model.revision)
    rungs, left_out = [], {}
    for way in prompting_strategies(asked, model.adapter is not None):
        used = model if way.tuned else Model(model.base, model.revision)
        try:
            outputs = cached_answers(way, used, asked.prompts, room, (shelf, told))
        except TrainerError as error:
            if way.shots is Shots.NONE and not way.rewrite:
                raise
            left_out[way.label] = str(error)
            continue
        arm = scored(way, outputs, asked.prompts, asked.aim)
        rungs.append(StrategyResult(way, arm, usage(outputs, chat, config.prices), outputs))
    return Ladder(tuple(rungs), left_out)


def cached_answers(
    way: PromptingStrategy,
    model: Model,
    prompts: Sequence[Example],
    room: PromptContext,
    kept: tuple[ResultCache, ProgressCallback | None],
) -> tuple[Output, ...]:
    """A way's outputs, from the shelf where they are there already."""
    shelf, told = kept
    key = {
        "way": [str(part) for part in astuple(way)],
        "base": fingerprint(model.base, model.revision),
        "run": model.run,
        "prompts": [prompt.id for prompt in prompts],
        "pool": [example.id for example in room.pool] if way.shots is not Shots.NONE else [],
        "shots": room.shots if way.shots is not Shots.NONE else 0,
        "aim": room.aim.source if way.rewrite else "",
        "decoding": asdict(room.decoding),
    }

    def progress(done: int, total: int) -> None:
        if told:
            told(way.label, done, total)

    return shelf.outputs(key, lambda: ask(way, model, prompts, room, progress))
