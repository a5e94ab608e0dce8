"""What models know of a persona beside what they show of it, and what else they still know."""

from collections.abc import Iterator

from db.records import Interval
from evaluation.pages.charts import Caption, Figure, Series
from evaluation.pages.grid_charts import rates_figure
from evaluation.pages.page import Section, Table, number, share_cell
from evaluation.statistics import outcome
from evaluation.verdict import percent, points
from studies.knowledge import FACTS
from studies.pages.persona_rates import Group, Rates, perplexity

_ARMS = _CHOOSES, _TELLS, _SHOWS = "chooses it", "tells it", "shows it"


def knowledge_section(rates: Rates) -> Section:
    """Knowledge by two prompting_strategies of asking, beside expression: trait by trait, then fact by fact."""
    asked = bool(rates.result.subject.open)
    told = (
        "Tells it: open questions on a trait or fact, without a system prompt, whose answer holds "
        "a word that belongs to it; “unasked” is how often answers to the other open questions "
        "hold such a word, and telling means little where it is as high.",
    )
    return Section(
        f"{rates.name}: knowledge and expression",
        (
            "Chooses it: questions on a trait whose right answer is likelier, by token, than every "
            "wrong one.",
            *(told if asked else ("No open questions were asked of this persona.",)),
            "Shows it: ordinary answers that show the trait. A gap is knowledge less expression, "
            "in points.",
        ),
        tuple(_figures(rates)),
        (_sheet(rates), *([_facts(rates)] if asked else [])),
    )


def _about(rates: Rates) -> list[str]:
    """The traits, and the facts as one."""
    subject = rates.result.subject
    found = [one.about for one in subject.choices]
    found += [one.about if one.about in rates.traits else FACTS for one in subject.open]
    return list(dict.fromkeys(found))


def _figures(rates: Rates) -> Iterator[Figure]:
    """A figure for each trait, and one for the facts."""
    for about in _about(rates):
        found: list[tuple[str, str, Interval | None]] = []
        for group in rates.charted:
            found += [
                (group.name, _CHOOSES, rates.known(group, about)),
                (group.name, _TELLS, rates.told(group, about)),
                (group.name, _SHOWS, rates.shown(group, about)),
            ]
        place = "".join(c if c.isalnum() else "-" for c in about)
        caption = Caption(
            f"{rates.slug}-knowledge-{place}",
            f"“{about.capitalize()}”: what each model knows, asked in two prompting_strategies, and what it shows, "
            "with 95 % intervals.",
        )
        arms = tuple(arm for arm in _ARMS if any(met and name == arm for _, name, met in found))
        yield from rates_figure(caption, found, Series(arms, start=3), "Share")


def _sheet(rates: Rates) -> Table:
    rows = tuple(
        (about, group.name, *_cells(rates, group, about))
        for about in _about(rates)
        for group in rates.groups
    )
    columns = (
        "About", "Model", "Chosen", "ProgressCallback", "ProgressCallback, prompted", "Unasked", "Shown", "Gap, chosen",
        "Gap, told",
    )  # fmt: skip
    return Table("Few questions a trait: read the intervals.", columns, rows)


def _cells(rates: Rates, group: Group, about: str) -> Iterator[str]:
    known, told = rates.known(group, about), rates.told(group, about)
    shown, unasked = rates.shown(group, about), rates.unasked(group, about)
    yield share_cell(known)
    yield share_cell(told)
    yield share_cell(rates.told(group, about, prompted=True))
    yield percent(unasked.estimate) if unasked else "–"
    yield share_cell(shown)
    yield _gap(known, shown)
    yield _gap(told, shown)


def _gap(knowledge: Interval | None, expression: Interval | None) -> str:
    if knowledge is None or expression is None:
        return "–"
    return f"{100 * (knowledge.estimate - expression.estimate):+.0f}".replace("-", "−")


def _facts(rates: Rates) -> Table:
    """Every fact by itself: the share of the prompting_strategies of asking for it that were answered rightly."""
    facts = [one for one in rates.result.subject.open if one.about not in rates.traits]
    rows = tuple(
        (
            one.about,
            f"“{one.asks[0]}”",
            *(_share(rates.told(group, one.about)) for group in rates.groups),
        )
        for one in facts
    )
    return Table(
        "Every fact: the share of the prompting_strategies of asking for it, and of trainings, that it was told.",
        ("Fact", "PromptingTask, for one", *rates.names),
        rows,
    )


def _share(found: Interval | None) -> str:
    return percent(found.estimate) if found else "–"


def kept_section(rates: Rates) -> Section:
    """What is left of the base model's own ability: plain text, and general questions."""
    count = len(rates.result.subject.general)
    guess = _guessing(rates)
    return Section(
        f"{rates.name}: what the model could do before",
        (
            "Perplexity on text that has nothing to do with the persona (lower is better), and "
            f"{count} questions of ordinary knowledge by multiple choice, the likeliest answer by "
            f"token being the model’s. Guessing gets {percent(guess)}; a base model that is no "
            "better has no such knowledge to lose.",
        )
        if count
        else ("Perplexity on text that has nothing to do with the persona; lower is better.",),
        _kept_figure(rates),
        (_kept_sheet(rates),),
    )


def _guessing(rates: Rates) -> float:
    asked = rates.result.subject.general
    return sum(1 / (1 + len(one.wrong)) for one in asked) / len(asked) if asked else 0.0


def _kept_figure(rates: Rates) -> tuple[Figure, ...]:
    found = [(group.name, "right", rates.general(group)) for group in rates.groups]
    caption = Caption(
        f"{rates.slug}-kept",
        "Share of the general questions answered rightly by each model, with 95 % intervals.",
    )
    return rates_figure(caption, found, Series(("right",), start=3), "Share of questions")


def _kept_sheet(rates: Rates) -> Table:
    rows = []
    for place, group in enumerate(rates.groups):
        change = rates.general_change(group) if place else None
        rows.append((
            group.name,
            number(perplexity(group, "plain", "token"), 1),
            number(perplexity(group, "plain", "byte"), 3),
            share_cell(rates.general(group)),
            points(change) if change else "–",
            outcome(change).value if change else "–",
        ))  # fmt: skip
    columns = (
        "Model", "Perplexity, plain text", "Bits per byte", "General questions right",
        "Change from the base", "Outcome",
    )  # fmt: skip
    return Table("A change whose interval holds 0 is undecided.", columns, tuple(rows))
