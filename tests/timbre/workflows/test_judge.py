"""A campaign's LLM judge: each text is rated once, and its card compares it with reviewers."""

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
from db.reviews import current_reviews, reconcile_reviews
from db.store import Store
from evaluation.arms import arm_table
from evaluation.judge_cards import JudgeCard, Predictions, judge_card
from evaluation.pages.report import ReportData, render_report
from evaluation.scorers.criteria import Criteria
from evaluation.scorers.rubric import RubricQuality
from pipelines.errors import TeacherError
from tests.annotation.records import ARTICLE, conversation, passage
from tests.pipelines.servers import KEY, Behaviour, Handler, Server
from tests.serving import serving
from tests.studies.samples import conversations, output
from tests.timbre.conftest import Timbre
from timbre.campaign import Campaign, resolve_campaign
from timbre.campaign_config import CampaignConfig, EvaluateConfig
from timbre.settings import Settings
from timbre.workflows.evaluate import measured_arms
from timbre.workflows.judge import RatingCount, judge_of, rate, rating_cards

RECORDS = 24
Serve = Callable[[Behaviour], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that are stopped at the end."""
    with ExitStack() as stack:
        yield lambda behaviour: stack.enter_context(serving(Server(behaviour)))


@pytest.fixture(autouse=True)
def reviews(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second candidate has a contraction; the reviewer calls just those conversational."""
    monkeypatch.setenv("TIMBRE_TEACHER_KEY", KEY)
    texts = [f"It{chr(39) if n % 2 else ' i'}s fine, friend {n}." for n in range(RECORDS)]
    candidates = [conversation(text).candidate for text in texts]
    for records in ([ARTICLE], [passage()], candidates):
        store.add(records)
    reviews = [review(c, 5 if n % 2 else 1) for n, c in enumerate(candidates)]
    reconcile_reviews(store, "demo-candidates", reviews, "2026-01-01T00:00:00Z")


@pytest.fixture
def outputs(store: Store) -> list[Output]:
    """One output with a contraction and one without."""
    first = next(store.stream(Candidate))
    verdict = Verdict(subject=first.id, decision=Decision.APPROVE, rule="one", reviews=())
    store.add([verdict])
    prompts = [
        replace(example, candidate=first.id, verdict=verdict.id, article=None)
        for example in conversations()[:2]
    ]
    store.add(prompts)
    outputs = [output(prompts[0].id, "It's green."), output(prompts[1].id, "It is green.")]
    store.add(outputs)
    return outputs


def review(candidate: Candidate, tone: int) -> Review:
    return Review(
        subject=candidate.id,
        reviewer="ada",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        dataset="demo-candidates",
        answers=(Answer("tone", tone),),
    )


def rate_contractions(handler: Handler, body: dict[str, Any]) -> None:
    """Rate a text 5 if it has a contraction, else 2."""
    text = body["messages"][-1]["content"].split("<text>")[1].split("</text>")[0]
    handler.complete(json.dumps({"conversational": 5 if "'" in text else 2}))


def always(reply: str) -> Behaviour:
    return lambda handler, _: handler.complete(reply)


def campaign(judge: str = "", judged: int = 200, tone: str = "conversational") -> Campaign:
    evaluate = EvaluateConfig(judge=judge, judged=judged)
    return resolve_campaign(CampaignConfig("demo", tone=tone, evaluate=evaluate))


def model(server: Server) -> str:
    return f"openai:ear@{server.url}"


def cards(store: Store, campaign: Campaign) -> list[JudgeCard]:
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    return list(rating_cards(store, campaign, reviews))


def test_ratings_become_measures_and_are_requested_once(
    store: Store, settings: Settings, serve: Serve, outputs: list[Output]
) -> None:
    server = serve(rate_contractions)
    demo = campaign(model(server))
    assert rate(store, demo, outputs, settings) == RatingCount(RECORDS + 2, 0)
    judge, criterion = judge_of(demo), demo.require_criterion("The test")
    assert judge
    measures = [list(store.stream(Measure, subject=o.id, source=judge.source)) for o in outputs]
    assert [[m.value for m in each] for each in measures] == [[5.0], [2.0]]
    target = criterion.feature
    store.add(
        Measure(subject=o.id, name=target.name, source=criterion.source, value=1.0) for o in outputs
    )
    table = arm_table(
        measured_arms(store, {"base": outputs}, criterion, judge), target, judge.features
    )
    assert (table.columns[-1], table.rows[0][-1]) == ("judge.conversational", "3.50")
    assert server.keys == {f"Bearer {KEY}"}
    assert server.requests[0]["temperature"] == 0
    assert server.requests[0]["response_format"]["json_schema"]["schema"]["required"] == [
        "conversational"
    ]
    requests = len(server.requests)
    assert rate(store, demo, outputs, settings) == RatingCount(0, 0)
    assert len(server.requests) == requests


def test_a_judge_s_card_compares_the_ratings_of_its_rubric_with_the_reviewers(
    store: Store, settings: Settings, serve: Serve
) -> None:
    demo = campaign(model(serve(rate_contractions)))
    rate(store, demo, (), settings)
    (card,) = cards(store, demo)
    assert (card.n, card.kappa.estimate, card.auc) == (RECORDS, 1, 1)
    assert card.labels_by == "people"
    assert not card.diagnostic_only(0.4)
    other = campaign(demo.evaluate.judge, tone="plain-language")
    assert cards(store, other) == [], "nothing was rated with the other rubric"
    few = campaign(model(serve(rate_contractions)), judged=10)
    rate(store, few, (), settings)
    assert cards(store, few) == [], "ten texts are too few for a card"


def test_qualities_of_the_rubric_are_rated_and_their_cards_qualify_them(
    store: Store, settings: Settings, serve: Serve
) -> None:
    def rate_both(handler: Handler, body: dict[str, Any]) -> None:
        text = body["messages"][-1]["content"].split("<text>")[1].split("</text>")[0]
        handler.complete(json.dumps({"conversational": 5 if "'" in text else 2, "warm": 4}))

    server = serve(rate_both)
    quality = RubricQuality("warm", "How warm is it?", "Cold as a form.", "Warm as a friend.")
    demo = replace(campaign(model(server)), criteria=Criteria(rubric=(quality,)))
    rate(store, demo, (), settings)
    prompt = server.requests[0]["messages"][0]["content"]
    assert "How warm is it?" in prompt
    assert "1: Cold as a form." in prompt
    assert "5: Warm as a friend." in prompt
    tone, warm = cards(store, demo)
    assert not tone.diagnostic_only(0.4)
    assert "on “warm”" in warm.name
    assert warm.diagnostic_only(0.4), "it rates everything alike"


def test_a_judge_that_rates_everything_alike_is_diagnostic_only(
    store: Store, settings: Settings, serve: Serve
) -> None:
    demo = campaign(model(serve(always('{"conversational": 5}'))))
    rate(store, demo, (), settings)
    (card,) = cards(store, demo)
    assert card.diagnostic_only(0)
    assert "is useless here" in card.sentence


def test_a_reply_without_a_rating_is_stored_as_a_rejection(
    store: Store, settings: Settings, serve: Serve, outputs: list[Output]
) -> None:
    demo = campaign(model(serve(always("I would rather not say."))))
    count = rate(store, demo, outputs, settings)
    assert count == RatingCount(RECORDS + 2, RECORDS + 2)
    rejections = list(store.stream(Rejection, stage="judge"))
    assert {(r.scope, r.reason) for r in rejections} == {("demo", "no rating")}
    assert cards(store, demo) == []


def test_a_campaign_without_a_judge_requests_nothing(store: Store, settings: Settings) -> None:
    assert rate(store, campaign(), (), settings) is None
    assert list(settings.home.glob("journals/*")) == []


def test_a_judge_at_a_metadata_address_is_rejected(store: Store, settings: Settings) -> None:
    with pytest.raises(TeacherError, match="link-local or metadata"):
        rate(store, campaign("openai:ear@http://169.254.169.254/v1"), (), settings)


def test_the_judges_command_rates_and_says_which_judge_is_reliable(
    timbre: Timbre, serve: Serve, tmp_path: Path
) -> None:
    path, judge = tmp_path / "demo.toml", model(serve(rate_contractions))
    path.write_text(f'name = "demo"\ntone = "conversational"\n[evaluate]\njudge = "{judge}"\n')
    result = timbre("review", "judges", str(path), "--json")
    by_name = {card["name"]: card for card in json.loads(result.out)}
    card = by_name[f"{judge} on “conversational”"]
    assert (card["standing"], card["n"]) == ("reliable", RECORDS)
    assert len(card["fingerprint"]) == 64


def test_a_report_says_which_judge_is_diagnostic_only() -> None:
    predictions = Predictions([True, False] * 10, [True, True, False, False] * 5)
    weak = judge_card("A judge", predictions, "people", definition="its rubric")
    report = render_report(ReportData("c", "s", "v", "today", judges=(weak,)))
    text = " ".join(BeautifulSoup(report, "html.parser").get_text(" ").split())
    assert "Diagnostic only: the lower bound of its kappa is below 0.40." in text
    assert f"Judge and rubric {weak.fingerprint[:12]}" in text
