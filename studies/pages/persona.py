"""The persona study page, which shows what the model learned from each format of text."""

from collections.abc import Iterator, Sequence

from db.records import canonical, plain
from evaluation.measures.persona import IN_CHARACTER
from evaluation.pages.charts import Axis, Caption, Figure, Row, Series
from evaluation.pages.page import Page, Section, Table, number, number_cell, share_cell
from evaluation.pages.plots import heatmap_figure, rates_figure
from evaluation.statistics import Outcome, outcome
from evaluation.verdict import percent, points
from studies.pages.knowledge import ability_section, knowledge_section
from studies.pages.persona_rates import SUBSTRING, Group, Rates
from studies.pages.published import published
from studies.persona import KINDS, PersonaResult


def persona_page(results: Sequence[PersonaResult], notice: str, written_at: str) -> Page:
    """Build the page for a persona study, with one part per persona."""
    personas = [Rates(result) for result in results]
    names = " and ".join(rates.name for rates in personas)
    flaws = Table("", ("There", "Here"), published("persona_flaws"))
    return Page(
        eyebrow="Study of a persona",
        title=f"{names}: which text format teaches a model a character",
        verdict=" ".join(_verdict(rates) for rates in personas),
        notice=notice,
        written_at=written_at,
        sections=(
            *(section for rates in personas for section in _sections(rates)),
            _published(),
            Section("Flaws of the published study, and what we do instead", tables=(flaws,)),
            Section("Configuration", texts=tuple(_configuration(results))),
        ),
    )


def _verdict(rates: Rates) -> str:
    name, base = rates.name, rates.ordinary(rates.base, IN_CHARACTER.name)
    ranked = rates.ranked(IN_CHARACTER.name)
    gap = rates.gap(ranked[0], IN_CHARACTER.name, rates.base) if ranked else None
    if base is None or gap is None:
        return f"There is no verdict on {name} because too few answers were measured."
    best = ranked[0]
    if outcome(gap) is not Outcome.HIGHER:
        conclusion = f"No text format was shown to teach the model the character of {name}."
    elif _is_ahead(rates, ranked):
        conclusion = f"{name}: training on {best.name} teaches the model most of the character."
    else:
        conclusion = (
            f"{name}: training teaches the model the character, but it is undecided which text "
            "format works best."
        )
    return (
        f"{conclusion} Without a system prompt, "
        f"{share_cell(rates.ordinary(best, IN_CHARACTER.name))} of its answers are in character "
        f"after training on {best.name}, compared with {percent(base.estimate)} of the base "
        f"model’s: {points(gap)}."
    )


def _is_ahead(rates: Rates, ranked: Sequence[Group]) -> bool:
    """Return whether the best group is clearly ahead of all others."""
    if len(ranked) < 2:
        return True
    gap = rates.gap(ranked[0], IN_CHARACTER.name, ranked[1])
    return gap is None or outcome(gap) is Outcome.HIGHER


def _sections(rates: Rates) -> Iterator[Section]:
    name = rates.name
    yield Section(
        f"{name}: in character",
        (
            IN_CHARACTER.description,
            "Each prompt counts once in a rate, with its mean over the training runs.",
            *_budget_note(rates),
        ),
        _character_figure(rates),
        (_character_table(rates), _change_table(rates)),
    )
    yield Section(
        f"{name}: every trait",
        ("A rate is the share of ordinary answers, without a system prompt, that show the trait.",),
        _trait_figure(rates),
        (_trait_table(rates), *_rating_table(rates)),
    )
    yield knowledge_section(rates)
    yield Section(
        f"{name}: perplexity",
        (
            "Perplexity is measured on texts from articles that no model was trained on. Dialogues "
            "are scored in the chat template. “Dialogues, bare” follows the published study and "
            "scores only the last answer, as plain text. “Plain” is text unrelated to the persona.",
        ),
        _heatmap(rates),
        (_byte_table(rates),),
    )
    yield ability_section(rates)


def _budget_note(rates: Rates) -> Iterator[str]:
    first, *others = rates.result.study.budgets
    if others:
        yield (
            f"The figures show the models trained on equal numbers of {first}. The tables also "
            f"show the models trained on equal numbers of {others[0]}."
        )


def _prompt_sets(rates: Rates) -> list[tuple[str, str, bool]]:
    """List the label and name of each prompt set, and whether it uses the system prompt."""
    return [
        (f"{kind}{', prompted' if is_prompted else ''}", kind, is_prompted)
        for kind in rates.result.subject.prompts
        for is_prompted in (False, True)
    ]


def _character_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = [
        (label, group.name, rates.answers(group, kind, is_prompted, IN_CHARACTER.name))
        for label, kind, is_prompted in _prompt_sets(rates)
        for group in rates.charted
    ]
    caption = Caption(
        f"{rates.slug}-character",
        "Share of answers in character for each set of prompts, with 95 % intervals. “Prompted” "
        "means with the persona’s system prompt.",
    )
    return rates_figure(caption, rows, _series(rates), "Share of answers in character")


def _series(rates: Rates) -> Series:
    return Series(tuple(group.name for group in rates.charted))


def _character_table(rates: Rates) -> Table:
    rows = tuple(
        (
            label,
            *(
                share_cell(rates.answers(group, kind, is_prompted, IN_CHARACTER.name))
                for group in rates.groups
            ),
        )
        for label, kind, is_prompted in _prompt_sets(rates)
    )
    return Table("", ("Prompts", *rates.names), rows)


def _change_table(rates: Rates) -> Table:
    rows = tuple(
        (c.group, points(c.interval), number(c.p, 3), outcome(c.interval).value)
        for c in rates.changes(IN_CHARACTER.name)
    )
    note = (
        "Differences from the base model’s in-domain rate, without a system prompt. p is adjusted "
        "for all comparisons in the table."
    )
    return Table(note, ("Model", "Difference", "p (Holm)", "Outcome"), rows)


def _trait_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = [
        (trait, group.name, rates.shown(group, trait))
        for trait in rates.traits
        for group in rates.charted
    ]
    caption = Caption(
        f"{rates.slug}-traits", "Share of answers that show each trait, with 95 % intervals."
    )
    return rates_figure(caption, rows, _series(rates), "Share of answers")


def _trait_table(rates: Rates) -> Table:
    names = [
        (f"{trait}, {matching}", f"{prefix}trait.{trait}")
        for trait in rates.traits
        for matching, prefix in (("whole words", ""), ("substrings, as published", SUBSTRING))
    ]
    rows = tuple(
        (label, *(share_cell(rates.ordinary(group, measure)) for group in rates.groups))
        for label, measure in names
    )
    note = "Traits are matched by whole words, and by substrings as in the published study."
    return Table(note, ("Trait", *rates.names), rows)


def _rating_table(rates: Rates) -> tuple[Table, ...]:
    """Tabulate a judge's mean ratings and describe its quality, if the campaign names a judge."""
    judge = rates.result.subject.judge
    if judge is None:
        return ()
    rows = tuple(
        (
            trait,
            *(number_cell(rates.rating(group, trait)) for group in rates.groups),
            "useless: can’t tell answers apart"
            if rates.is_saturated(trait)
            else "distinguishes answers",
        )
        for trait in rates.traits
    )
    rubric = judge.judge.rubric
    cards = " ".join(judge.card_sentences)
    cards = cards or "The judge wasn’t compared with human reviewers, so it is diagnostic only."
    note = f"Mean ratings by {judge.judge.name}, {rubric.low} to {rubric.high}. {cards}"
    return (Table(note, ("Trait", *rates.names, "Judge"), rows),)


def _heatmap(rates: Rates) -> tuple[Figure, ...]:
    rows: list[Row] = [
        {"row": group.name, "column": form, "value": value}
        for group in rates.groups
        for form in rates.forms
        if (value := group.perplexity(form)) is not None
    ]
    caption = Caption(
        f"{rates.slug}-perplexity",
        "Perplexity per token of each kind of held-out text (columns) under each model (rows). "
        "Darker cells mean lower perplexity.",
    )
    return (heatmap_figure(caption, rows, Axis("Perplexity", ",.1f")),) if rows else ()


def _byte_table(rates: Rates) -> Table:
    rows = tuple(
        (group.name, *(number(group.bits_per_byte(form), 3) for form in rates.forms))
        for group in rates.groups
    )
    note = "Unlike perplexity per token, bits per byte can be compared across tokenizers."
    return Table(note, ("Model", *rates.forms), rows)


def _published() -> Section:
    return Section(
        "The published numbers",
        (
            "The study trained Qwen3-4B-Instruct-2507 on C-3PO. Each row is a training format, and "
            "each column is the perplexity on a kind of text. The models had seen most texts on "
            "the diagonal in training, so the diagonal says little.",
            "By rank, first-person statements generalise best. By mean reduction over the other "
            "formats, documents do about as well (39.5 % and 39.0 %).",
        ),
        tables=(
            Table("Published perplexity.", ("Model", *KINDS), published("persona_perplexity")),
            Table(
                "Published trait rates.",
                ("Model", "Rates in 30 answers"),
                published("persona_traits"),
            ),
        ),
    )


def _configuration(results: Sequence[PersonaResult]) -> Iterator[tuple[str, str]]:
    yield "Study", canonical(plain(results[0].study))
    yield "Training", results[0].training.canonical
    for result in results:
        lines = [f"{label}: {count} examples" for label, count in result.example_counts.items()]
        lines += [
            f"{model.cell.label}: {model.facts['tokens']} tokens, {model.facts['seconds']:.0f} s, "
            f"{model.facts['precision']} on {model.facts['device']}"
            for model in result.models
            if model.cell
        ]
        yield f"Trainings, {result.subject.name}", "\n".join(lines)
