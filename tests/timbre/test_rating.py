"""A campaign's judge: asked at a server on this machine, kept, held against reviewers."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from db.records import (
    Answer,
    Candidate,
    Decision,
    Measure,
    Output,
    Rejection,
    Review,
    ReviewerKind,
    ReviewStatus,
    Verdict,
)
from db.store import Store
from evaluation.judges import Judged, judge_card
from evaluation.report import ReportData, render
from pipelines.errors import TeacherError
from tests.annotation.records import ARTICLE, conversation, passage
from tests.pipelines.servers import KEY, Behaviour, Handler, Server
from tests.serving import serving
from tests.studies.made import conversations, output
from timbre.__main__ import main
from timbre.aims import subject_of
from timbre.campaign import Campaign, Evaluating, load_campaign
from timbre.rating import Rated, judge_of, rate_all, rating_cards
from timbre.results import result_rows
from timbre.settings import Settings, SettingsError, read_settings

RECORDS = 24
Serve = Callable[[Behaviour], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that are stopped at the end."""
    with ExitStack() as started:
        yield lambda behaviour: started.enter_context(serving(Server(behaviour)))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIMBRE_TEACHER_KEY", KEY)
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    return read_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Half of the candidates contract, and the reviewer finds just these conversational."""
    settings.home.mkdir()
    Store.migrate(settings.database_url)
    texts = [f"It{chr(39) if n % 2 else ' i'}s fine, friend {n}." for n in range(RECORDS)]
    made = [conversation(text).candidate for text in texts]
    with Store.open(settings.database_url) as opened:
        for records in ([ARTICLE], [passage()], made):
            opened.add(records)
        reviews = [review(c, 5 if n % 2 else 1) for n, c in enumerate(made)]
        opened.reconcile_reviews("demo-candidates", reviews, "2026-01-01T00:00:00Z")
        yield opened


def review(candidate: Candidate, tone: int) -> Review:
    return Review(
        subject=candidate.id, reviewer="ada", reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED, dataset="demo-candidates", answers=(Answer("tone", tone),),
    )  # fmt: skip


def by_ear(handler: Handler, body: dict[str, Any]) -> None:
    """Rates what contracts 5, and what does not 2."""
    text = body["messages"][-1]["content"].split("<text>")[1].split("</text>")[0]
    handler.complete(json.dumps({"conversational": 5 if "'" in text else 2}))


def always(reply: str) -> Behaviour:
    return lambda handler, _: handler.complete(reply)


def campaign(server: Server, judged: int = 200) -> Campaign:
    evaluate = Evaluating(judge=f"openai:ear@{server.url}", judged=judged)
    return Campaign(name="demo", tone="conversational", evaluate=evaluate)


def outputs(store: Store) -> list[Output]:
    first = next(store.stream(Candidate))
    verdict = Verdict(subject=first.id, decision=Decision.APPROVE, rule="one", reviews=())
    store.add([verdict])
    held = [
        replace(example, candidate=first.id, verdict=verdict.id, article=None)
        for example in conversations()[:2]
    ]
    store.add(held)
    made = [output(held[0].id, "It's green."), output(held[1].id, "It is green.")]
    store.add(made)
    return made


def cards(store: Store, campaign: Campaign) -> list[Any]:
    reviews = list(store.current_reviews(dataset=campaign.judged_datasets))
    return list(rating_cards(store, campaign, reviews, subject_of(campaign)))


def test_ratings_are_measures_of_outputs_and_a_judge_is_asked_once(
    store: Store, settings: Settings, serve: Serve
) -> None:
    server = serve(by_ear)
    asked, made = campaign(server), outputs(store)
    assert rate_all(store, asked, made, settings) == Rated(RECORDS + 2, 0)
    judge = judge_of(asked)
    assert judge
    values = [list(store.stream(Measure, subject=o.id, source=judge.source)) for o in made]
    assert [[m.value for m in found] for found in values] == [[5.0], [2.0]]
    aim = subject_of(asked).aim
    target = aim.feature.name
    store.add(Measure(subject=a.id, name=target, source=aim.source, value=1.0) for a in made)
    columns, rows = result_rows(store, asked, {"base": made})
    assert (columns[-1], rows[0][-1]) == ("judge.conversational", "3.50")
    assert server.keys == {f"Bearer {KEY}"}
    assert server.asked[0]["temperature"] == 0
    assert server.asked[0]["response_format"]["json_schema"]["schema"]["required"] == [
        "conversational"
    ]
    before = len(server.asked)
    assert rate_all(store, asked, made, settings) == Rated(0, 0)
    assert len(server.asked) == before


def test_a_judge_has_a_card_from_what_reviewers_said_bound_to_itself_and_its_rubric(
    store: Store, settings: Settings, serve: Serve
) -> None:
    asked = campaign(serve(by_ear))
    rate_all(store, asked, (), settings)
    (card,) = cards(store, asked)
    assert (card.n, card.kappa.estimate, card.auc) == (RECORDS, 1, 1)
    assert card.labels_by == "people"
    assert not card.diagnostic_only(0.4)
    other = Campaign(name="demo", tone="plain-language", evaluate=asked.evaluate)
    assert cards(store, other) == [], "another rubric has rated nothing yet"
    few = campaign(serve(by_ear), judged=10)
    rate_all(store, few, (), settings)
    assert cards(store, few) == [], "ten texts are too few for a card"


def test_a_judge_that_says_the_same_of_everything_is_useless_and_diagnostic_only(
    store: Store, settings: Settings, serve: Serve
) -> None:
    asked = campaign(serve(always('{"conversational": 5}')))
    rate_all(store, asked, (), settings)
    (card,) = cards(store, asked)
    assert card.diagnostic_only(0)
    assert "is useless here" in card.sentence


def test_a_reply_without_a_rating_is_a_refusal_with_its_reason(
    store: Store, settings: Settings, serve: Serve
) -> None:
    asked = campaign(serve(always("I would rather not say.")))
    assert rate_all(store, asked, outputs(store), settings) == Rated(RECORDS + 2, RECORDS + 2)
    refused = list(store.stream(Rejection, stage="judge"))
    assert {(r.scope, r.reason) for r in refused} == {("demo", "no rating")}
    assert cards(store, asked) == []


def test_a_campaign_without_a_judge_asks_nobody(store: Store, settings: Settings) -> None:
    assert rate_all(store, Campaign(name="demo", tone="conversational"), (), settings) is None
    assert list(settings.home.glob("journals/*")) == []


def test_a_judge_that_is_not_there_is_one_sentence(store: Store, settings: Settings) -> None:
    nobody = Evaluating(judge="openai:ear@http://169.254.169.254/v1")
    with pytest.raises(TeacherError, match="link-local or metadata"):
        rate_all(store, Campaign(name="demo", tone="conversational", evaluate=nobody), (), settings)


def test_the_phrasebook_is_no_judge(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('name = "odd"\ntone = "conversational"\n[evaluate]\njudge = "phrasebook"\n')
    with pytest.raises(SettingsError, match="which answers no question"):
        load_campaign(path)


def test_the_command_that_lists_judges_asks_and_says_what_each_is_worth(
    store: Store, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path, judge = tmp_path / "demo.toml", f"openai:ear@{serve(by_ear).url}"
    path.write_text(f'name = "demo"\ntone = "conversational"\n[evaluate]\njudge = "{judge}"\n')
    monkeypatch.setattr("sys.argv", ["timbre", "review", "judges", str(path), "--json"])
    with pytest.raises(SystemExit):
        main()
    found = {card["name"]: card for card in json.loads(capfd.readouterr().out)}
    card = found[f"{judge} on “conversational”"]
    assert (card["standing"], card["n"]) == ("may be read", RECORDS)
    assert len(card["fingerprint"]) == 64


def test_a_report_says_which_judge_is_diagnostic_only() -> None:
    weak = judge_card("A judge", Judged([True, False] * 10, [True, True, False, False] * 5),
                      "people", definition="its rubric")  # fmt: skip
    page = BeautifulSoup(render(ReportData("c", "s", "v", "today", judges=(weak,))), "html.parser")
    said = " ".join(page.get_text(" ").split())
    assert "Diagnostic only: the lower end of its kappa is not 0.40 or more." in said
    assert f"Judge and rubric {weak.fingerprint[:12]}" in said
