"""The prompting ladder: all prompting strategies and a tuned model answer the same prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass

from db.records import Example, Output
from evaluation.arms import MeasuredArm
from studies.config import LadderConfig
from studies.costs import Usage, load_chat, mean_usage
from studies.result_cache import StudyContext
from studies.strategies import (
    PromptContext,
    PromptingStrategy,
    PromptingTask,
    Shots,
    StudyModel,
    answer_prompts,
    measure_arm,
    prompting_strategies,
)
from trainer.errors import TrainerError
from trainer.models.lookup import fingerprint


@dataclass(frozen=True)
class StrategyResult:
    """The result of a prompting strategy: its measured answers and their mean cost."""

    strategy: PromptingStrategy
    arm: MeasuredArm
    usage: Usage
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Ladder:
    """The results of all strategies that ran.

    `skipped` contains the reason why each other strategy was skipped.
    """

    results: tuple[StrategyResult, ...]
    skipped: Mapping[str, str]

    def result(self, name: str) -> StrategyResult | None:
        """Return the result of a strategy, or None if the strategy was skipped."""
        return next((result for result in self.results if result.strategy.name == name), None)

    @property
    def arms(self) -> list[MeasuredArm]:
        """The measured answers of all strategies that ran."""
        return [result.arm for result in self.results]


def run_ladder(
    task: PromptingTask, model: StudyModel, config: LadderConfig, context: StudyContext
) -> Ladder:
    """Answer the prompts with every strategy; tuned strategies use the model's adapter, if any.

    Strategies whose prompts are too long for the model are skipped, and the reason is recorded.
    """
    prompt_context = PromptContext(task.examples, config.shots, config.decoding, task.criterion)
    chat = load_chat(model.base, model.revision)
    results, skipped = [], {}
    for strategy in prompting_strategies(task, model.adapter is not None):
        used = model if strategy.is_tuned else StudyModel(model.base, model.revision)
        try:
            outputs = cached_answers(strategy, used, task.prompts, prompt_context, context)
        except TrainerError as error:
            if strategy.shots is Shots.NONE and not strategy.rewrite:
                raise
            skipped[strategy.label] = str(error)
            continue
        arm = measure_arm(strategy, outputs, task.prompts, task.criterion)
        usage = mean_usage(outputs, chat, config.prices)
        results.append(StrategyResult(strategy, arm, usage, outputs))
    return Ladder(tuple(results), skipped)


def cached_answers(
    strategy: PromptingStrategy,
    model: StudyModel,
    prompts: Sequence[Example],
    prompt_context: PromptContext,
    context: StudyContext,
) -> tuple[Output, ...]:
    """Return a strategy's answers from the cache, generating any that are missing."""
    has_shots = strategy.shots is not Shots.NONE
    key = {
        "way": [str(part) for part in astuple(strategy)],
        "base": fingerprint(model.base, model.revision),
        "run": model.run,
        "prompts": [prompt.id for prompt in prompts],
        "pool": [example.id for example in prompt_context.examples] if has_shots else [],
        "shots": prompt_context.shots if has_shots else 0,
        "aim": prompt_context.criterion.source if strategy.rewrite else "",
        "decoding": asdict(prompt_context.decoding),
    }
    progress = context.progress(strategy.label)
    return context.cache.outputs(
        key, lambda: answer_prompts(strategy, model, prompts, prompt_context, progress)
    )
