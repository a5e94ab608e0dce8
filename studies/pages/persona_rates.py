"""Rates and their intervals for the models in a persona study."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

from db.records import Interval
from evaluation.judge_cards import is_saturated
from evaluation.measures.persona import Matching, persona_measures, shows
from evaluation.rating import measure_name
from evaluation.statistics import holm, mean_interval, paired_shares, sign_flip_p, wilson
from studies.config import OpenQuestion
from studies.knowledge import FACTS
from studies.persona import ModelResult, PersonaResult
from studies.probes import IN_DOMAIN
from studies.strategies import BASE

SUBSTRING = "substring."


@dataclass(frozen=True)
class Group:
    """A group of models with the same format and budget (one per seed), or the base model."""

    name: str
    models: tuple[ModelResult, ...]

    def perplexity(self, form: str) -> float | None:
        """The perplexity per token, computed over all models in the group."""
        fits = [model.likelihoods[form] for model in self.models]
        tokens = sum(fit.tokens for fit in fits)
        return exp(sum(fit.nats for fit in fits) / tokens) if tokens else None

    def bits_per_byte(self, form: str) -> float | None:
        """The number of bits per byte, computed over all models in the group."""
        fits = [model.likelihoods[form] for model in self.models]
        size = sum(fit.bytes for fit in fits)
        return sum(fit.nats for fit in fits) / size / log(2) if size else None


@dataclass(frozen=True)
class Change:
    """The difference between a trained group's rate and the base model's rate.

    `p` is the p-value, adjusted for comparisons with all groups (Holm).
    """

    group: str
    interval: Interval
    p: float


class Rates:
    """Each group's measures for each prompt, averaged over the models in the group."""

    def __init__(self, result: PersonaResult) -> None:
        """Measure all answers in a study result."""
        self.result, self.groups = result, tuple(_groups(result))
        self.base, *self.trained = self.groups
        self.name = result.subject.name
        self.traits = tuple(result.subject.criterion.traits)
        self._open_prompts = result.subject.open_prompts()
        self._means = {
            (group.name, kind, is_prompted): self._measure(group, kind, is_prompted)
            for group in self.groups
            for kind in result.subject.prompts
            for is_prompted in (False, True)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(group.name for group in self.groups)

    @property
    def charted(self) -> tuple[Group, ...]:
        """Select the groups to plot: the base model and all groups with the first budget.

        A chart with more groups would need colours that are hard to tell apart; the tables show all
        groups.
        """
        first = self.result.study.budgets[0]
        cells = [(group, group.models[0].cell) for group in self.groups]
        return tuple(group for group, cell in cells if cell is None or cell.budget == first)

    @property
    def slug(self) -> str:
        """The campaign name in a form that is safe for file names."""
        return "".join(c if c.isalnum() else "-" for c in self.result.subject.campaign.lower())

    @property
    def forms(self) -> tuple[str, ...]:
        """The kinds of text whose likelihood was measured."""
        return tuple(self.base.models[0].likelihoods)

    def _measure(self, group: Group, kind: str, is_prompted: bool) -> dict[str, dict[str, float]]:
        rows: dict[str, list[dict[str, float]]] = {}
        phrases = self.result.subject.criterion.traits
        for model in group.models:
            for output in model.answers[kind, is_prompted]:
                substrings = persona_measures(output.text, phrases, Matching.SUBSTRING)
                measures = persona_measures(output.text, phrases)
                measures |= {f"{SUBSTRING}{name}": value for name, value in substrings.items()}
                rows.setdefault(output.prompt, []).append(measures)
        return {
            prompt: {name: sum(row[name] for row in each) / len(each) for name in each[0]}
            for prompt, each in rows.items()
        }

    def answers(self, group: Group, kind: str, is_prompted: bool, measure: str) -> Interval | None:
        """Return a rate over a prompt set with its interval, or None if there are no answers."""
        return _rate([row[measure] for row in self._means[group.name, kind, is_prompted].values()])

    def ordinary(self, group: Group, measure: str) -> Interval | None:
        """Return a rate over ordinary, unprompted answers, or None if there are no such answers."""
        return self.answers(group, IN_DOMAIN, False, measure)

    def ranked(self, measure: str) -> list[Group]:
        """Return the trained groups, sorted by their rate over ordinary answers, highest first."""
        rates = [(group, self.ordinary(group, measure)) for group in self.trained]
        known = [(rate.estimate, group) for group, rate in rates if rate]
        return [group for _, group in sorted(known, key=lambda pair: -pair[0])]

    def gap(self, group: Group, measure: str, other: Group) -> Interval | None:
        """Return the difference between two groups' rates over ordinary, unprompted answers."""
        a, b = self._paired(group, other, measure)
        return paired_shares(a, b) if len(a) > 1 else None

    def changes(self, measure: str) -> list[Change]:
        """Compare each trained group with the base model, as one family of comparisons."""
        gaps = [(group, self.gap(group, measure, self.base)) for group in self.trained]
        known = [(group, gap) for group, gap in gaps if gap]
        p = holm({g.name: sign_flip_p(*self._paired(g, self.base, measure)) for g, _ in known})
        return [Change(group.name, gap, p[group.name]) for group, gap in known]

    def _paired(self, group: Group, other: Group, measure: str) -> tuple[list[float], list[float]]:
        """Return the measures of two groups for the ordinary prompts that both answered."""
        a, b = (self._means[each.name, IN_DOMAIN, False] for each in (group, other))
        common = sorted(set(a) & set(b))
        return [a[p][measure] for p in common], [b[p][measure] for p in common]

    def shown(self, group: Group, about: str) -> Interval | None:
        """Return how often ordinary answers show a trait, or None if `about` isn't a trait."""
        return self.ordinary(group, f"trait.{about}") if about in self.traits else None

    def rating(self, group: Group, trait: str) -> Interval | None:
        """A judge's mean rating of a trait in ordinary answers, or None if there are no ratings."""
        values: dict[str, list[float]] = {}
        for model in group.models:
            outputs = model.answers[IN_DOMAIN, False]
            for output, ratings in zip(outputs, model.ratings, strict=False):
                if ratings:
                    values.setdefault(output.prompt, []).append(ratings[measure_name(trait)])
        means = [sum(each) / len(each) for each in values.values()]
        return mean_interval(means) if means else None

    def is_saturated(self, trait: str) -> bool:
        """Return whether a judge gives nearly all answers in all groups the same rating."""
        judge = self.result.subject.judge
        ratings = [r for group in self.groups for model in group.models for r in model.ratings if r]
        if judge is None or not ratings:
            return False
        middle = judge.judge.rubric.middle
        return is_saturated([rating[measure_name(trait)] > middle for rating in ratings])

    def chosen(self, group: Group, about: str) -> Interval | None:
        """The share of correct multiple-choice answers about a trait or the facts."""
        means = _means([model.choices for model in group.models])
        questions = self.result.subject.choices
        return _rate([m for q, m in zip(questions, means, strict=True) if q.about == about])

    def recalled(self, group: Group, about: str, is_prompted: bool = False) -> Interval | None:
        """The share of correct answers to the open questions about a trait or the facts.

        If `about` is `facts`, all questions that aren't about a trait are counted.
        """
        return _rate(
            [
                self._share_holding(group, question.holds, prompt.id, is_prompted)
                for question, prompt in self._open_prompts
                if self._is_about(question, about)
            ]
        )

    def unasked(self, group: Group, about: str) -> Interval | None:
        """Return how often answers to unrelated open questions contain the correct answer."""
        return _rate(
            [
                self._share_holding(group, question.holds, prompt.id, False)
                for question in self.result.subject.open
                if self._is_about(question, about)
                for other, prompt in self._open_prompts
                if other.about != question.about
            ]
        )

    def _is_about(self, question: OpenQuestion, about: str) -> bool:
        return about == question.about or (about == FACTS and question.about not in self.traits)

    def _share_holding(
        self, group: Group, phrases: Sequence[str], prompt: str, is_prompted: bool
    ) -> float:
        """Return the share of a group's models whose answer to a prompt contains a given phrase."""
        hits = [
            shows(output.text, phrases)
            for model in group.models
            for output in model.open_answers.get(is_prompted, ())
            if output.prompt == prompt
        ]
        return sum(hits) / len(hits) if hits else 0.0

    def general(self, group: Group) -> Interval | None:
        """The share of general questions answered correctly."""
        return _rate(_means([model.general for model in group.models]))

    def general_change(self, group: Group) -> Interval | None:
        """The share of general questions answered correctly, minus the base model's share."""
        a, b = (_means([model.general for model in each.models]) for each in (group, self.base))
        return paired_shares(a, b) if len(a) > 1 else None


def _means(rows: Sequence[Sequence[bool]]) -> list[float]:
    """Return the mean of each column."""
    return [sum(column) / len(column) for column in zip(*rows, strict=True)]


def _rate(means: Sequence[float]) -> Interval | None:
    return wilson(sum(means), len(means)) if means else None


def _groups(result: PersonaResult) -> Iterator[Group]:
    """Yield the base model first, then the trained groups in grid order."""
    groups: dict[str, list[ModelResult]] = {}
    has_budgets = len(result.study.budgets) > 1
    for model in result.models:
        cell = model.cell
        name = cell.form if cell else BASE
        if cell and has_budgets:
            name = f"{cell.form}, equal {cell.budget}"
        groups.setdefault(name, []).append(model)
    for name, models in groups.items():
        yield Group(name, tuple(models))
