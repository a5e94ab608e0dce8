"""The persona study as a page: what each form of text taught, and every known flaw addressed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

from db.records import Interval, canonical, plain
from evaluation.charts import Axis, Caption, Figure, Row, Series
from evaluation.grid_charts import grouped_figure, heat_figure
from evaluation.pages import Page, Section, Sheet, number, share_cell
from evaluation.persona import IN_CHARACTER, Matching, persona_measures
from evaluation.statistics import Outcome, outcome, paired_bootstrap, wilson
from evaluation.verdict import percent, points
from studies.persona import BASE, Fit, PersonaResult, Tried

_IN_DOMAIN = "in domain"
_SUBSTRING = "substring."
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
     "Scored both ways: in the template, and bare"),
    ("Every model was asked under the persona’s system prompt",
     "Asked without it and with it"),
    ("Traits were found by substring: “sir” in “desire”",
     "Found by whole words; substrings are shown beside"),
    ("The judge gave every model 5 of 5 and told nothing apart",
     "No judge of that kind; trait lists, whose cards are in a campaign’s report"),
    ("30 prompts, one sample, one seed, no intervals",
     "Intervals throughout; seeds as configured"),
    ("One character that the base model knew already",
     "An invented persona as the control"),
    ("“Knows but does not voice it” was not measured",
     "Multiple choice by likelihood beside expression, trait by trait"),
    ("Published for 500 examples and 3 epochs, run with 100 examples and 75 steps",
     "Both are shipped as configurations"),
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """The trainings of a format and budget over their seeds; the base model is one of its own."""

    name: str
    tried: tuple[Tried, ...]


class Rates:
    """Each model's measures by prompt, means over its trainings, computed once."""

    def __init__(self, result: PersonaResult) -> None:
        """Measure every answer of a result."""
        self.result, self.groups = result, tuple(_groups(result))
        self._means: dict[tuple[str, str, bool], dict[str, dict[str, float]]] = {}
        for group in self.groups:
            for kind in result.subject.prompts:
                for prompted in (False, True):
                    self._means[group.name, kind, prompted] = self._measured(group, kind, prompted)

    def _measured(self, group: Group, kind: str, prompted: bool) -> dict[str, dict[str, float]]:
        rows: dict[str, list[dict[str, float]]] = {}
        traits = self.result.subject.aim.traits
        for tried in group.tried:
            for output in tried.answers[kind, prompted]:
                loose = persona_measures(output.text, traits, Matching.SUBSTRING)
                measures = persona_measures(output.text, traits)
                measures |= {f"{_SUBSTRING}{name}": value for name, value in loose.items()}
                rows.setdefault(output.prompt, []).append(measures)
        return {prompt: _mean(found) for prompt, found in rows.items()}

    def of(self, group: str, kind: str, prompted: bool, measure: str) -> Interval | None:
        """A rate over prompts with Wilson's interval, None where nothing was answered."""
        means = [row[measure] for row in self._means[group, kind, prompted].values()]
        return wilson(sum(means), len(means)) if means else None

    def gap(self, group: str, measure: str) -> Interval | None:
        """How much more often than the base, in ordinary answers without a system prompt."""
        own = self._means[group, _IN_DOMAIN, False]
        base = self._means[BASE, _IN_DOMAIN, False]
        common = sorted(set(own) & set(base))
        if len(common) < 2:
            return None
        return paired_bootstrap(
            [own[p][measure] for p in common], [base[p][measure] for p in common]
        )

    def known(self, group: Group, about: str) -> Interval | None:
        """The share of questions about something that are answered rightly."""
        found = [right for tried in group.tried for on, right in tried.known if on == about]
        count = len(group.tried)
        return wilson(sum(found) / count, len(found) // count) if found else None


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _groups(result: PersonaResult) -> Iterator[Group]:
    found: dict[str, list[Tried]] = {}
    several = len(result.study.budgets) > 1
    for tried in result.tried:
        plot = tried.plot
        name = BASE if plot is None else plot.form
        if plot and several:
            name = f"{plot.form}, equal {plot.budget}"
        found.setdefault(name, []).append(tried)
    yield from (Group(name, tuple(members)) for name, members in found.items())


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
                    sheets=(Sheet("", ("There", "Here"), _FLAWS),)),
            Section("Configuration", texts=tuple(_configuration(results))),
        ),
    )  # fmt: skip


def _verdict(rates: Rates) -> str:
    name, base = rates.result.subject.name, rates.of(BASE, _IN_DOMAIN, False, IN_CHARACTER.name)
    trained = [g.name for g in rates.groups if g.name != BASE]
    found = {g: rates.of(g, _IN_DOMAIN, False, IN_CHARACTER.name) for g in trained}
    best = max(trained, key=lambda g: r.estimate if (r := found[g]) else -1.0, default="")
    top, gap = found.get(best), rates.gap(best, IN_CHARACTER.name) if best else None
    if top is None or base is None or gap is None:
        return f"Nothing can be said of {name}: too few answers were measured."
    if outcome(gap) is Outcome.HIGHER:
        head = f"{name}: training on {best} does most to give the model the character."
    else:
        head = f"{name}: no form of text was shown to give the model the character."
    return (
        f"{head} Without a system prompt {share_cell(top)} of its answers are in character after "
        f"{best}, {percent(base.estimate)} of the base model’s: {points(gap)}."
    )


def _sections(rates: Rates) -> Iterator[Section]:
    name = rates.result.subject.name
    yield Section(
        f"{name}: in character",
        (
            IN_CHARACTER.description,
            "Rates are over prompts, a prompt of several trainings counting by its mean.",
        ),
        _character_figure(rates),
        (_character_sheet(rates),),
    )
    yield Section(
        f"{name}: every trait",
        ("Answers to ordinary questions that show the trait, without a system prompt.",),
        _trait_figure(rates),
        (_trait_sheet(rates),),
    )
    yield Section(
        f"{name}: knowledge and expression",
        (
            "Knowledge: questions on a trait whose right answer is likelier, by token, than every "
            "wrong one. Expression: ordinary answers that show the trait. The gap is the first "
            "less the second.",
        ),
        _knowledge_figure(rates),
        (_knowledge_sheet(rates),),
    )
    yield Section(
        f"{name}: perplexity",
        (
            "On texts from articles that no model was trained on. Dialogues are scored in the chat "
            "template; “dialogues, bare” is their last answer alone as plain text, as the "
            "published study scored it; “plain” is text that has nothing to do with the persona, "
            "and shows what is lost of the base model’s own ability.",
        ),
        _heat(rates),
        (_byte_sheet(rates),),
    )


def _slug(rates: Rates) -> str:
    return "".join(c if c.isalnum() else "-" for c in rates.result.subject.campaign.lower())


def _series(rates: Rates) -> Series:
    return Series(tuple(group.name for group in rates.groups))


def _share_rows(found: Sequence[tuple[str, str, Interval | None]]) -> list[Row]:
    return [
        {"row": row, "arm": arm, "low": r.low, "estimate": r.estimate, "high": r.high}
        for row, arm, r in found
        if r
    ]


def _grouped(caption: Caption, rows: list[Row], series: Series, title: str) -> tuple[Figure, ...]:
    return (grouped_figure(caption, rows, series, Axis(title, ".0%", (0, 1))),) if rows else ()


def _asked(rates: Rates) -> list[tuple[str, str, bool]]:
    """Each set of prompts, without and with the system prompt, with its name."""
    return [
        (f"{kind}{', prompted' if prompted else ''}", kind, prompted)
        for kind in rates.result.subject.prompts
        for prompted in (False, True)
    ]


def _character_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = _share_rows([
        (label, group.name, rates.of(group.name, kind, prompted, IN_CHARACTER.name))
        for label, kind, prompted in _asked(rates)
        for group in rates.groups
    ])  # fmt: skip
    caption = Caption(
        f"{_slug(rates)}-character",
        "Share of answers in character by what is asked, with 95 % intervals; “prompted” is with "
        "the persona’s system prompt.",
    )
    return _grouped(caption, rows, _series(rates), "Share of answers in character")


def _character_sheet(rates: Rates) -> Sheet:
    rows = tuple(
        (label, *(share_cell(rates.of(g.name, kind, prompted, IN_CHARACTER.name))
                  for g in rates.groups))
        for label, kind, prompted in _asked(rates)
    )  # fmt: skip
    return Sheet("", ("Asked", *(group.name for group in rates.groups)), rows)


def _trait_figure(rates: Rates) -> tuple[Figure, ...]:
    rows = _share_rows([
        (trait, group.name, rates.of(group.name, _IN_DOMAIN, False, f"trait.{trait}"))
        for trait in rates.result.subject.aim.traits
        for group in rates.groups
    ])  # fmt: skip
    caption = Caption(
        f"{_slug(rates)}-traits", "Share of answers that show each trait, with 95 % intervals."
    )
    return _grouped(caption, rows, _series(rates), "Share of answers")


def _trait_sheet(rates: Rates) -> Sheet:
    rows = []
    for trait in rates.result.subject.aim.traits:
        for words, prefix in (("whole words", ""), ("substrings, as published", _SUBSTRING)):
            cells = [
                share_cell(rates.of(g.name, _IN_DOMAIN, False, f"{prefix}trait.{trait}"))
                for g in rates.groups
            ]
            rows.append((f"{trait}, {words}", *cells))
    columns = ("Trait", *(group.name for group in rates.groups))
    return Sheet("By whole words, and by substrings as the published study counts.", columns,
                 tuple(rows))  # fmt: skip


def _about(rates: Rates) -> list[str]:
    return list(dict.fromkeys(choices.about for choices in rates.result.subject.choices))


def _knowledge_figure(rates: Rates) -> tuple[Figure, ...]:
    found = []
    traits = [about for about in _about(rates) if about in rates.result.subject.aim.traits]
    for group in rates.groups:
        for about in traits:
            row = f"{about}: {group.name}"
            shown = rates.of(group.name, _IN_DOMAIN, False, f"trait.{about}")
            found += [
                (row, "knows it", rates.known(group, about)),
                (row, "shows it", shown),
            ]
    caption = Caption(
        f"{_slug(rates)}-knowledge", "What each model knows of a trait and what it shows of it."
    )
    rows = sorted(_share_rows(found), key=lambda row: traits.index(str(row["row"]).split(":")[0]))
    return _grouped(caption, rows, Series(("knows it", "shows it"), start=3), "Share")


def _knowledge_sheet(rates: Rates) -> Sheet:
    rows = []
    for about in _about(rates):
        for group in rates.groups:
            known = rates.known(group, about)
            shown = None
            if about in rates.result.subject.aim.traits:
                shown = rates.of(group.name, _IN_DOMAIN, False, f"trait.{about}")
            gap = (
                f"{100 * (known.estimate - shown.estimate):+.0f} points" if known and shown else "–"
            )
            rows.append(
                (about, group.name, share_cell(known), share_cell(shown), gap.replace("-", "−"))
            )
    columns = ("About", "Model", "Known", "Shown", "Gap")
    return Sheet("Few questions a trait: read the intervals.", columns, tuple(rows))


def _perplexity(group: Group, form: str, per: str) -> float | None:
    """Exp of the mean nats a token, or nats a byte in bits; over all of a format's trainings."""
    fits: list[Fit] = [tried.fits[form] for tried in group.tried]
    nats, tokens = sum(fit.nats for fit in fits), sum(fit.tokens for fit in fits)
    size = sum(fit.bytes for fit in fits)
    if not tokens or not size:
        return None
    return exp(nats / tokens) if per == "token" else nats / size / 0.6931471805599453


def _forms(rates: Rates) -> list[str]:
    return list(rates.groups[0].tried[0].fits)


def _heat(rates: Rates) -> tuple[Figure, ...]:
    rows: list[Row] = [
        {"row": group.name, "column": form, "value": value}
        for group in rates.groups
        for form in _forms(rates)
        if (value := _perplexity(group, form, "token")) is not None
    ]
    caption = Caption(
        f"{_slug(rates)}-perplexity",
        "Perplexity per token of each kind of held-out text (across) under each model (down); "
        "darker is lower.",
    )
    return (heat_figure(caption, rows, Axis("Perplexity", ",.1f")),) if rows else ()


def _byte_sheet(rates: Rates) -> Sheet:
    rows = tuple(
        (g.name, *(number(_perplexity(g, form, "byte"), 3) for form in _forms(rates)))
        for g in rates.groups
    )
    says = "Bits per byte, which can be compared between tokenizers."
    return Sheet(says, ("Model", *_forms(rates)), rows)


def _published() -> Section:
    return Section(
        "The published numbers, which are theirs",
        (
            "Qwen3-4B-Instruct-2507 on C-3PO; perplexity of texts (across) after training on texts "
            "(down). Most texts of the diagonal were trained on, so it says little.",
            "By rank first-person statements generalise best; by the mean reduction over the "
            "other formats documents equal them (39.5 % and 39.0 %).",
        ),
        sheets=(
            Sheet("Perplexity (theirs).", ("Model", *_COLUMNS), _PUBLISHED),
            Sheet("Trait rates (theirs).", ("Model", "Rates in 30 answers"), _TRAITS),
        ),
    )


def _configuration(results: Sequence[PersonaResult]) -> Iterator[tuple[str, str]]:
    yield "Study", canonical(plain(results[0].study))
    yield "Training", results[0].training.canonical
    for result in results:
        said = [f"{label}: {count} examples" for label, count in result.taught.items()]
        said += [
            f"{t.plot.label}: {t.facts['tokens']} tokens, {t.facts['seconds']:.0f} s, "
            f"{t.facts['precision']} on {t.facts['device']}"
            for t in result.tried
            if t.plot
        ]
        yield f"Trainings, {result.subject.name}", "\n".join(said)
