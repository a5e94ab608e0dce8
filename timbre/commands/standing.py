"""`timbre review status` and `agreement`: how far reviewers are, and how far they agree."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from timbre.console import facts, say, table
from timbre.settings import config_file, read_settings
from timbre.stores import open_store

_Campaign = Annotated[str, typer.Argument(help="A campaign file, or a shipped one's name.")]
_Outputs = Annotated[bool, typer.Option("--outputs", help="The blind comparisons instead.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def status(campaign: _Campaign, outputs: _Outputs = False, as_json: _Json = False) -> None:
    """Say how far a campaign's review has come, how fast each reviewer goes, what was flagged.

    Paces and flags are those of the reviews pulled so far.

    Example: timbre review status demo-tone
    """
    from timbre.agreeing import standing
    from timbre.argilla import connection
    from timbre.campaign import load_campaign

    settings = read_settings()
    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store:
        found = standing(store, loaded, connection(settings), outputs)
    if as_json:
        facts(_plain(asdict(found)))
        return
    for dataset, progress in found.datasets:
        say(f"{dataset}: {progress.completed} of {progress.total} records have all their reviews.")
    if not found.datasets:
        say(f"{loaded.name} has no dataset in Argilla; put one there with `timbre review push`.")
    if found.paces:
        rows = [
            (p.reviewer, p.done, p.left, _time(p.a_record), _time(p.needed)) for p in found.paces
        ]
        table(("reviewer", "done", "left", "a record", "time left"), rows)
    for flag in found.flags:
        say(f"{flag.reviewer} flagged {flag.subject[:12]} as {flag.kind}.")


def agreement(
    campaign: _Campaign,
    outputs: _Outputs = False,
    most: Annotated[int, typer.Option(min=0, help="Records to talk over, a question.")] = 3,
    as_json: _Json = False,
) -> None:
    """Say how far the reviewers of a campaign agree, who stands out, and what to talk over.

    Example: timbre review agreement demo-tone
    """
    from timbre.agreeing import (
        agreement_of,
        agreement_rows,
        independent_reviews,
        to_talk_over,
        uninformative,
    )
    from timbre.campaign import load_campaign

    loaded = load_campaign(config_file("campaigns", campaign))
    with open_store() as store:
        reviews = independent_reviews(store, loaded, outputs)
    rows, over = agreement_rows(agreement_of(reviews)), to_talk_over(reviews, most)
    silent = uninformative(reviews, loaded)
    columns = ("question", "between", "measure", "records", "value")
    if as_json:
        facts(
            {
                "agreement": [dict(zip(columns, row, strict=True)) for row in rows],
                "uninformative": silent,
                "to_talk_over": [asdict(one) for one in over],
            }
        )
        return
    table(columns, rows)
    for line in silent:
        say(f"No information: {line}.")
    if over:
        said = [
            (o.question, o.subject[:12], "; ".join(f"{n}: {a}" for n, a in o.said)) for o in over
        ]
        table(("question", "to talk over", "what was said"), said)


def judges(campaign: _Campaign, as_json: _Json = False) -> None:
    """Say how far the measures that suggest answers agree with the reviewers, and may gate.

    Where the campaign names a judge, it rates reviewed candidates first, and has its cards too.

    Example: timbre review judges demo-tone
    """
    from timbre.agreeing import in_words
    from timbre.aims import subject_of
    from timbre.campaign import load_campaign
    from timbre.rating import rate_all, rating_cards
    from timbre.suggested import FEWEST, suggestion_cards

    settings, loaded = read_settings(), load_campaign(config_file("campaigns", campaign))
    with open_store(settings) as store:
        rate_all(store, loaded, (), settings)
        reviews = list(store.current_reviews(dataset=loaded.judged_datasets))
        suggesting = list(suggestion_cards(store, loaded))
        rating = list(rating_cards(store, loaded, reviews, subject_of(loaded)))
    least = loaded.gates.judge_kappa
    cards = [*suggesting, *rating]
    worth = {c.name: "may gate" for c in suggesting} | {c.name: "may be read" for c in rating}
    worth |= {c.name: "diagnostic only" for c in cards if c.diagnostic_only(least)}
    worth |= {c.name: "useless: it tells nothing apart" for c in cards if c.saturated}
    if as_json:
        facts([asdict(card) | {"standing": worth[card.name]} for card in cards])
        return
    for card in cards:
        rates = (("true positives", card.recall), ("false positives", card.false_alarms))
        rows = [
            ("labels", f"{card.n} by {card.labels_by}"),
            *((name, in_words(rate) if rate else "none to count") for name, rate in rates),
            ("kappa", in_words(card.kappa)),
            ("base rate", f"{card.base_rate:.2f}"),
            ("right", in_words(card.accuracy)),
            ("right by always saying the same", f"{card.constant_guess:.2f}"),
            ("judge and rubric", card.fingerprint[:12]),
            ("standing", worth[card.name]),
        ]
        table((card.name, ""), rows)
    if not cards:
        say(f"No measure has suggested answers to {FEWEST} records that reviewers judged as well.")


def _time(found: timedelta | None) -> str:
    return str(timedelta(seconds=round(found.total_seconds()))) if found is not None else "unknown"


def _plain(value: object) -> object:
    """A value with its times in seconds, as JSON has it."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
