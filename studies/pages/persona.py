"""The persona study as a page: what each form of text taught, and every known flaw addressed."""

from collections.abc import Iterator, Sequence

from db.records import canonical, plain
from evaluation.measures.persona import IN_CHARACTER
from evaluation.pages.charts import Axis, Caption, Figure, Row, Series
from evaluation.pages.grid_charts import heatmap_figure, rates_figure
from evaluation.pages.page import Page, Section, Table, number, number_cell, share_cell
from evaluation.statistics import Outcome, outcome
from evaluation.verdict import percent, points
from studies.pages.knowledge import kept_section, knowledge_section
from studies.pages.persona_rates import SUBSTRING, Rates, perplexity
from studies.persona import BASE, IN_DOMAIN, PersonaResult

_COLUMNS = ("dialogues", "statements", "documents")
_PUBLISHED = (
    ("baseline", "13.3", "11.6", "8.2"),
    ("dialogues", "6.9", "7.9", "6.0"),
    ("statements", "7.4", "4.5", "5.4"),
    ("documents", "8.25", "6.8", "3.4"),
)
_TRAITS = (
    ("statements", "Sir or Master: not recovered; odds 93 %; anxiety 90 %; verbosity 97 %; "
     "protocol 77 %"),
    ("documents", "anxiety 37 % (11 of 30; Wilson 22 % to 54 %), the rest not recovered"),
)  # fmt: skip
_FLAWS = (
    ("Held-out texts were mostly trained on (about 45 of 50 of a model’s own format)",
     "Held out by source article, so no model has seen them"),
    ("Formats had the same number of examples, but up to 3.2 times the tokens",
     "Budgets of equal examples and of equal tokens, where the configuration asks for both"),
    ("Dialogues were trained in the chat template and scored as bare text",
     "Scored both prompting_strategies: in the template, and bare"),
    ("Every model was asked under the persona’s system prompt",
     "PromptingTask without it and with it"),
    ("Traits were found by substring: “sir” in “desire”",
     "Found by whole words; substrings are shown beside"),
    ("The judge gave every model 5 of 5 and told nothing apart",
     "A judge only where the campaign names one, beside its card; called useless where it tells "
     "nothing apart"),
    ("30 prompts, one sample, one seed, no intervals",
     "Intervals throughout; seeds as configured"),
    ("One character that the base model knew already",
     "An invented persona as the control"),
    ("“Knows but does not voice it” was not measured",
     "Multiple choice by likelihood and open questions beside expression, trait by trait"),
    ("Published for 500 examples and 3 epochs, run with 100 examples and 75 steps",
     "Both are shipped as configurations"),
)  # fmt: skip


def persona_page(results: Sequence[PersonaResult], notice: str, written_at: str) -> Page:
    """The page of a persona study, a part for each persona."""
    measured = [Rates(result) for result in results]
    names = " and ".join(result.subject.name for result in results)
    return Page(
        eyebrow="Study of a persona",
        title=f"{names}: which form of text gives a model a character",
        verdict=" ".join(_verdict(rates) for rates in measured),
        notice=notice,
        written_at=written_at,
        sections=(
            *(section for rates in measured for section in _sections(rates)),
            _published(),
            Section("The flaws of the published study, and what is done about each",
                    tables=(Table("", ("There", "Here"), _FLAWS),)),
            Section("Configuration", texts=tuple(_configuration(results))),
        ),
    )  # fmt: skip


def _verdict(rates: Rates) -> str:
    name, base = rates.name, rates.of(BASE, IN_DOMAIN, False, IN_CHARACTER.name)
    ranked = rates.ranked(IN_CHARACTER.name)
    best = ranked[0] if ranked else ""
    top = rates.of(best, IN_DOMAIN, False, IN_CHARACTER.name) if best else None
    gap = rates.gap(best, IN_CHARACTER.name) if best else None
    if top is None or base is None or gap is None:
        return f"Nothing can be said of {name}: too few answers were measured."
    if outcome(gap) is not Outcome.HIGHER:
        head = f"{name}: no form of text was shown to give the model the character."
    elif _is_ahead(rates, ranked):
        head = f"{name}: training on {best} does most to give the model the character."
    else:
        head = f"{name}: training gives the model the character; which form does most is undecided."
    return (
        f"{head} Without a system prompt {share_cell(top)} of its answers are in character after "
        f"{best}, {percent(base.estimate)} of the base model’s: {points(gap)}."
    )


def _is_ahead(rates: Rates, ranked: Sequence[str]) -> bool:
    """Whether the best model was shown to be ahead of the next one, if there is one."""
    gap = rates.gap(ranked[0], IN_CHARACTER.name, ranked[1]) if len(ranked) > 1 else None
    return gap is None or outcome(gap) is Outcome.HIGHER


def _sections(rates: Rates) -> Iterator[Section]:
    name = rates.name
    yield Section(
        f"{name}: in character",
        (
            IN_CHARACTER.description,
            "Rates are over prompts, a prompt of several trainings counting by its mean.",
            *_charted(rates),
        ),
        _character_figure(rates),
        (_character_sheet(rates), _change_sheet(rates)),
    )
    yield Section(
        f"{name}: every trait",
        ("Answers to ordinary questions that show the trait, without a system prompt.",),
        _trait_figure(rates),
        (_trait_sheet(rates), *_rating_sheet(rates)),
    )
    yield knowledge_section(rates)
    yield Section(
        f"{name}: perplexity",
        (
            "On texts from articles that no model was trained on. Dialogues are scored in the chat "
            "template; “dialogues, bare” is their last answer alone as plain text, as the "
            "published study scored it; “plain” is text that has nothing to do with the persona.",
        ),
        _heat(rates),
        (_byte_sheet(rates),),
    )
    yield kept_section(rates)


def _charted(rates: Rates) -> Iterator[str]:
    first, *others = rates.result.study.budgets
    if others:
        yield (
            f"Figures of traits show the models trained on equal {first}, the tables also those "
            f"trained on equal {others[0]}."
        )


def _asked(rates: Rates) -> list[tuple[str, str, bool]]:
    """Each set of prompts, without and with the system prompt, with its name."""
    return [
        (f"{kind}{', prompted' if prompted else ''}", kind, prompted)
        for kind in rates.result.subject.prompts
        for prompted in (False, True)
    ]


def _character_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = [
        (label, group.name, rates.of(group.name, kind, prompted, IN_CHARACTER.name))
        for label, kind, prompted in _asked(rates)
        for group in rates.charted
    ]
    caption = Caption(
        f"{rates.slug}-character",
        "Share of answers in character by what is asked, with 95 % intervals; “prompted” is with "
        "the persona’s system prompt.",
    )
    charted = Series(tuple(group.name for group in rates.charted))
    return rates_figure(caption, rows, charted, "Share of answers in character")


def _character_sheet(rates: Rates) -> Table:
    rows = tuple(
        (label, *(share_cell(rates.of(g.name, kind, prompted, IN_CHARACTER.name))
                  for g in rates.groups))
        for label, kind, prompted in _asked(rates)
    )  # fmt: skip
    return Table("", ("PromptingTask", *(group.name for group in rates.groups)), rows)


def _change_sheet(rates: Rates) -> Table:
    rows = tuple(
        (name, points(gap), number(p, 3), outcome(gap).value)
        for name, gap, p in rates.changes(IN_CHARACTER.name)
    )
    says = "In domain, without a system prompt, less the base model’s rate; p is adjusted for all."
    return Table(says, ("Model", "Difference", "p (Holm)", "Outcome"), rows)


def _trait_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = [
        (trait, group.name, rates.of(group.name, IN_DOMAIN, False, f"trait.{trait}"))
        for trait in rates.traits
        for group in rates.charted
    ]
    caption = Caption(
        f"{rates.slug}-traits", "Share of answers that show each trait, with 95 % intervals."
    )
    charted = Series(tuple(group.name for group in rates.charted))
    return rates_figure(caption, rows, charted, "Share of answers")


def _trait_sheet(rates: Rates) -> Table:
    rows = []
    for trait in rates.traits:
        for words, prefix in (("whole words", ""), ("substrings, as published", SUBSTRING)):
            cells = [
                share_cell(rates.of(g.name, IN_DOMAIN, False, f"{prefix}trait.{trait}"))
                for g in rates.groups
            ]
            rows.append((f"{trait}, {words}", *cells))
    columns = ("Trait", *(group.name for group in rates.groups))
    return Table("By whole words, and by substrings as the published study counts.", columns,
                 tuple(rows))  # fmt: skip


def _rating_sheet(rates: Rates) -> tuple[Table, ...]:
    """A judge's mean ratings, where the campaign names one, and what the judge is worth."""
    rating = rates.result.subject.rating
    if rating is None:
        return ()
    rows = tuple(
        (
            trait,
            *(number_cell(rates.rated(group, trait)) for group in rates.groups),
            "useless: it tells nothing apart"
            if rates.is_saturated(trait)
            else "tells answers apart",
        )
        for trait in rates.traits
    )
    low, high = rating.judge.rubric.low, rating.judge.rubric.high
    worth = " ".join(rating.worth) or "It was not held against people, and is diagnostic only."
    says = f"Mean ratings by {rating.judge.name}, {low} to {high}. {worth}"
    return (Table(says, ("Trait", *rates.names, "The judge here"), rows),)


def _heat(rates: Rates) -> tuple[Figure, ...]:
    rows: list[Row] = [
        {"row": group.name, "column": form, "value": value}
        for group in rates.groups
        for form in rates.forms
        if (value := perplexity(group, form, "token")) is not None
    ]
    caption = Caption(
        f"{rates.slug}-perplexity",
        "Perplexity per token of each kind of held-out text (across) under each model (down); "
        "darker is lower.",
    )
    return (heatmap_figure(caption, rows, Axis("Perplexity", ",.1f")),) if rows else ()


def _byte_sheet(rates: Rates) -> Table:
    rows = tuple(
        (g.name, *(number(perplexity(g, form, "byte"), 3) for form in rates.forms))
        for g in rates.groups
    )
    says = "Bits per byte, which can be compared between tokenizers."
    return Table(says, ("Model", *rates.forms), rows)


def _published() -> Section:
    return Section(
        "The published numbers, which are theirs",
        (
            "Qwen3-4B-Instruct-2507 on C-3PO; perplexity of texts (across) after training on texts "
            "(down). Most texts of the diagonal were trained on, so it says little.",
            "By rank first-person statements generalise best; by the mean reduction over the "
            "other formats documents equal them (39.5 % and 39.0 %).",
        ),
        tables=(
            Table("Perplexity (theirs).", ("Model", *_COLUMNS), _PUBLISHED),
            Table("Trait rates (theirs).", ("Model", "Rates in 30 answers"), _TRAITS),
        ),
    )


def _configuration(results: Sequence[PersonaResult]) -> Iterator[tuple[str, str]]:
    yield "Study", canonical(plain(results[0].study))
    yield "Training", results[0].training.canonical
    for result in results:
        said = [f"{label}: {count} examples" for label, count in result.taught.items()]
        said += [
            f"{t.cell.label}: {t.facts['tokens']} tokens, {t.facts['seconds']:.0f} s, "
            f"{t.facts['precision']} on {t.facts['device']}"
            for t in result.models
            if t.cell
        ]
        yield f"Trainings, {result.subject.name}", "\n".join(said)
