"""Compare what models know about a persona with what they show, and measure general ability."""

from collections.abc import Iterator

from db.records import Interval
from evaluation.pages.charts import Caption, Figure, Series
from evaluation.pages.page import Section, Table, number, percent_cell, share_cell
from evaluation.pages.plots import rates_figure
from evaluation.statistics import outcome
from evaluation.verdict import percent, points
from studies.knowledge import FACTS
from studies.pages.persona_rates import Group, Rates

_ARMS = _CHOOSES, _TELLS, _SHOWS = "chooses it", "tells it", "shows it"


def knowledge_section(rates: Rates) -> Section:
    """Compare what models know with what they show, for each trait and then for the facts."""
    has_open = bool(rates.result.subject.open)
    tells_note = (
        "“Tells it” is the share of answers to open questions, without a system prompt, that "
        "contain a word belonging to the trait or fact. “Unasked” is how often answers to other "
        "open questions contain such a word. If “unasked” is just as high, “tells it” means little."
        if has_open
        else "This persona has no open questions."
    )
    return Section(
        f"{rates.name}: knowledge and expression",
        (
            "“Chooses it” is the share of multiple-choice questions about a trait for which the "
            "right answer is likelier per token than every wrong answer.",
            tells_note,
            "“Shows it” is the share of ordinary answers that show the trait. A gap is knowledge "
            "minus expression, in percentage points.",
        ),
        tuple(_figures(rates)),
        (_table(rates), *([_fact_table(rates)] if has_open else [])),
    )


def _subjects(rates: Rates) -> list[str]:
    """The subjects of the questions: each trait, and one subject for all facts."""
    subject = rates.result.subject
    subjects = [question.about for question in subject.choices]
    subjects += [q.about if q.about in rates.traits else FACTS for q in subject.open]
    return list(dict.fromkeys(subjects))


def _figures(rates: Rates) -> Iterator[Figure]:
    """Yield a figure for each trait and one for the facts."""
    for about in _subjects(rates):
        rows: list[tuple[str, str, Interval | None]] = []
        for group in rates.charted:
            rows += [
                (group.name, _CHOOSES, rates.chosen(group, about)),
                (group.name, _TELLS, rates.recalled(group, about)),
                (group.name, _SHOWS, rates.shown(group, about)),
            ]
        slug = "".join(c if c.isalnum() else "-" for c in about)
        caption = Caption(
            f"{rates.slug}-knowledge-{slug}",
            f"“{about.capitalize()}”: knowledge, measured by two kinds of question, and expression "
            "in ordinary answers, with 95 % intervals.",
        )
        known = {arm for _, arm, rate in rows if rate}
        series = Series(tuple(arm for arm in _ARMS if arm in known), start=3)
        yield from rates_figure(caption, rows, series, "Share")


def _table(rates: Rates) -> Table:
    rows = tuple(
        (about, group.name, *_cells(rates, group, about))
        for about in _subjects(rates)
        for group in rates.groups
    )
    columns = ("About", "Model", "Chosen", "Told", "Told, prompted", "Unasked", "Shown")
    note = "Each trait has few questions, so pay attention to the intervals."
    return Table(note, (*columns, "Gap, chosen", "Gap, told"), rows)


def _cells(rates: Rates, group: Group, about: str) -> tuple[str, ...]:
    chosen, recalled = rates.chosen(group, about), rates.recalled(group, about)
    shown = rates.shown(group, about)
    return (
        share_cell(chosen),
        share_cell(recalled),
        share_cell(rates.recalled(group, about, is_prompted=True)),
        percent_cell(rates.unasked(group, about)),
        share_cell(shown),
        _gap(chosen, shown),
        _gap(recalled, shown),
    )


def _gap(knowledge: Interval | None, expression: Interval | None) -> str:
    if knowledge is None or expression is None:
        return "–"
    return f"{100 * (knowledge.estimate - expression.estimate):+.0f}".replace("-", "−")


def _fact_table(rates: Rates) -> Table:
    facts = [q for q in rates.result.subject.open if q.about not in rates.traits]
    rows = tuple(
        (
            fact.about,
            f"“{fact.asks[0]}”",
            *(percent_cell(rates.recalled(group, fact.about)) for group in rates.groups),
        )
        for fact in facts
    )
    return Table(
        "Share of correct answers about each fact, over all wordings and training runs.",
        ("Fact", "Example wording", *rates.names),
        rows,
    )


def ability_section(rates: Rates) -> Section:
    """Measure how much general ability remains, using plain text and general questions."""
    general = rates.result.subject.general
    note = "We measure perplexity on text unrelated to the persona (lower is better)"
    if general:
        guess = sum(1 / len(question.options) for question in general) / len(general)
        note += (
            f" and ask {len(general)} multiple-choice questions about general knowledge, where a "
            f"model’s answer is the option that is likeliest per token. Guessing gets "
            f"{percent(guess)} right, so a base model that does no better has no such knowledge to "
            "lose"
        )
    rows = tuple(
        (
            group.name,
            number(group.perplexity("plain"), 1),
            number(group.bits_per_byte("plain"), 3),
            share_cell(rates.general(group)),
            *_change_cells(rates, group),
        )
        for group in rates.groups
    )
    columns = ("Model", "Perplexity", "Bits per byte", "Right answers", "Change", "Outcome")
    caption = Caption(
        f"{rates.slug}-kept",
        "Share of the general questions that each model answers correctly, with 95 % intervals.",
    )
    right = [(group.name, "right", rates.general(group)) for group in rates.groups]
    return Section(
        f"{rates.name}: remaining general ability",
        (f"{note}.",),
        rates_figure(caption, right, Series(("right",), start=3), "Share of questions"),
        (Table("Changes are relative to the base model.", columns, rows),),
    )


def _change_cells(rates: Rates, group: Group) -> tuple[str, str]:
    change = None if group is rates.base else rates.general_change(group)
    return (points(change), outcome(change).value) if change else ("–", "–")
