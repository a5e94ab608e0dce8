"""What the models of a persona study were found to do, as rates with their intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

from db.records import Interval
from evaluation.judge_cards import is_saturated
from evaluation.measures.persona import Matching, persona_measures, shows
from evaluation.rating import measure_name
from evaluation.statistics import holm, mean_interval, paired_shares, sign_flip_p, wilson
from studies.knowledge import FACTS
from studies.persona import BASE, IN_DOMAIN, ModelResult, PersonaResult

SUBSTRING = "substring."


@dataclass(frozen=True)
class Group:
    """The trainings of a format and budget over their seeds; the base model is one of its own."""

    name: str
    models: tuple[ModelResult, ...]


class Rates:
    """Each model's measures by prompt, means over its trainings, computed once."""

    def __init__(self, result: PersonaResult) -> None:
        """Measure every answer of a result."""
        self.result, self.groups = result, tuple(_groups(result))
        self.name = result.subject.name
        self.traits = tuple(result.subject.aim.traits)
        self._means: dict[tuple[str, str, bool], dict[str, dict[str, float]]] = {}
        for group in self.groups:
            for kind in result.subject.prompts:
                for prompted in (False, True):
                    self._means[group.name, kind, prompted] = self._measured(group, kind, prompted)

    @property
    def names(self) -> tuple[str, ...]:
        """The models' names."""
        return tuple(group.name for group in self.groups)

    @property
    def charted(self) -> tuple[Group, ...]:
        """The models that figures show: the base and those with the first budget.

        More would not be told apart by their colours; the tables beside the figures hold all.
        """
        first = self.result.study.budgets[0]
        return tuple(g for g in self.groups if not (p := g.models[0].cell) or p.budget == first)

    @property
    def slug(self) -> str:
        """The campaign as a part of a file's name."""
        return "".join(c if c.isalnum() else "-" for c in self.result.subject.campaign.lower())

    def _measured(self, group: Group, kind: str, prompted: bool) -> dict[str, dict[str, float]]:
        rows: dict[str, list[dict[str, float]]] = {}
        traits = self.result.subject.aim.traits
        for models in group.models:
            for output in models.answers[kind, prompted]:
                loose = persona_measures(output.text, traits, Matching.SUBSTRING)
                measures = persona_measures(output.text, traits)
                measures |= {f"{SUBSTRING}{name}": value for name, value in loose.items()}
                rows.setdefault(output.prompt, []).append(measures)
        return {prompt: _mean(found) for prompt, found in rows.items()}

    def of(self, group: str, kind: str, prompted: bool, measure: str) -> Interval | None:
        """A rate over prompts with Wilson's interval, None where nothing was answered."""
        return _rate([row[measure] for row in self._means[group, kind, prompted].values()])

    def ranked(self, measure: str) -> list[str]:
        """The trained models, those whose ordinary answers show most of a measure first."""
        found = {g.name: self.of(g.name, IN_DOMAIN, False, measure) for g in self.groups[1:]}
        return sorted((n for n, r in found.items() if r), key=lambda n: -_estimate(found[n]))

    def gap(self, group: str, measure: str, against: str = BASE) -> Interval | None:
        """How much more often than another model, in ordinary answers without a system prompt."""
        own, other = self._paired(group, against, measure)
        return paired_shares(own, other) if len(own) > 1 else None

    def changes(self, measure: str) -> list[tuple[str, Interval, float]]:
        """Each trained model against the base, with the p of a family of comparisons (Holm)."""
        gaps = {g.name: self.gap(g.name, measure) for g in self.groups[1:]}
        met = {name: gap for name, gap in gaps.items() if gap}
        p = holm({name: sign_flip_p(*self._paired(name, BASE, measure)) for name in met})
        return [(name, gap, p[name]) for name, gap in met.items()]

    def _paired(self, group: str, against: str, measure: str) -> tuple[list[float], list[float]]:
        """Two models' measures of their answers to the same ordinary prompts."""
        own, other = (self._means[name, IN_DOMAIN, False] for name in (group, against))
        common = sorted(set(own) & set(other))
        return [own[p][measure] for p in common], [other[p][measure] for p in common]

    def shown(self, group: Group, about: str) -> Interval | None:
        """How often ordinary answers show a trait, None of what is no trait."""
        if about not in self.traits:
            return None
        return self.of(group.name, IN_DOMAIN, False, f"trait.{about}")

    def rated(self, group: Group, trait: str) -> Interval | None:
        """A judge's mean rating of a trait in ordinary answers, None where nothing was rated."""
        found: dict[str, list[float]] = {}
        for models in group.models:
            outputs = models.answers[IN_DOMAIN, False]
            for output, rating in zip(outputs, models.ratings, strict=False):
                if rating:
                    found.setdefault(output.prompt, []).append(rating[measure_name(trait)])
        means = [sum(values) / len(values) for values in found.values()]
        return mean_interval(means) if means else None

    def is_saturated(self, trait: str) -> bool:
        """Whether a judge says nearly the same of every answer of every model."""
        rating = self.result.subject.rating
        found = [
            r[measure_name(trait)] for g in self.groups for t in g.models for r in t.ratings if r
        ]
        if rating is None or not found:
            return False
        return is_saturated([value > rating.judge.rubric.middle for value in found])

    def known(self, group: Group, about: str) -> Interval | None:
        """The share of the multiple choices about something that are answered rightly."""
        asked = self.result.subject.choices
        means = _by_question([models.known for models in group.models], len(asked))
        return _rate([mean for one, mean in zip(asked, means, strict=True) if one.about == about])

    def told(self, group: Group, about: str, prompted: bool = False) -> Interval | None:
        """The share of the open questions about something that are answered rightly.

        “facts” are all questions that are about no trait.
        """
        return _rate(
            [
                self._telling(group, one.holds, prompt.id, prompted)
                for one, prompt in self.result.subject.asks()
                if about in (one.about, self._part(one.about))
            ]
        )

    def unasked(self, group: Group, about: str) -> Interval | None:
        """How often answers to the other open questions hold what this one asks for."""
        asks = self.result.subject.asks()
        return _rate(
            [
                self._telling(group, one.holds, other.id, False)
                for one in self.result.subject.open
                if about in (one.about, self._part(one.about))
                for another, other in asks
                if another.about != one.about
            ]
        )

    def _part(self, about: str) -> str:
        return about if about in self.traits else FACTS

    def _telling(self, group: Group, holds: Sequence[str], prompt: str, prompted: bool) -> float:
        """The share of a model's trainings whose answer to a prompt holds one of some phrases."""
        said = [
            shows(output.text, holds)
            for models in group.models
            for output in models.told.get(prompted, ())
            if output.prompt == prompt
        ]
        return sum(said) / len(said) if said else 0.0

    def general(self, group: Group) -> Interval | None:
        """The share of the general questions that are answered rightly."""
        return _rate(self._general(group))

    def general_change(self, group: Group) -> Interval | None:
        """The same less the base model's share, question by question."""
        own, base = self._general(group), self._general(self.groups[0])
        return paired_shares(own, base) if len(own) > 1 else None

    def _general(self, group: Group) -> list[float]:
        count = len(self.result.subject.general)
        return _by_question([models.general for models in group.models], count)

    @property
    def forms(self) -> tuple[str, ...]:
        """The kinds of text that were scored."""
        return tuple(self.groups[0].models[0].fits)


def perplexity(group: Group, form: str, per: str) -> float | None:
    """Exp of the mean nats a token, or bits a byte; over all of a model's trainings."""
    fits = [models.fits[form] for models in group.models]
    nats, tokens = sum(fit.nats for fit in fits), sum(fit.tokens for fit in fits)
    size = sum(fit.bytes for fit in fits)
    if not tokens or not size:
        return None
    return exp(nats / tokens) if per == "token" else nats / size / log(2)


def _by_question(found: Sequence[Sequence[bool]], count: int) -> list[float]:
    return [sum(one[place] for one in found) / len(found) for place in range(count)]


def _rate(means: Sequence[float]) -> Interval | None:
    return wilson(sum(means), len(means)) if means else None


def _estimate(found: Interval | None) -> float:
    return found.estimate if found else -1.0


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _groups(result: PersonaResult) -> Iterator[Group]:
    found: dict[str, list[ModelResult]] = {}
    several = len(result.study.budgets) > 1
    for models in result.models:
        cell = models.cell
        name = BASE if cell is None else cell.form
        if cell and several:
            name = f"{cell.form}, equal {cell.budget}"
        found.setdefault(name, []).append(models)
    yield from (Group(name, tuple(members)) for name, members in found.items())
