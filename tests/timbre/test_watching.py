"""Reviews are brought in as they are submitted, and what no webhook told is found."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from annotation.accounts import add_user, add_workspace
from annotation.connection import Connection, connect
from annotation.datasets import find_dataset
from annotation.errors import AnnotationError
from annotation.items import CandidateItem
from annotation.push import push_candidates
from annotation.review_watcher import WatchConfig
from annotation.submit import submit
from db.records import Answer, Review, ReviewerKind, ReviewStatus
from db.store import Store
from tests.annotation.records import TONE, conversation
from tests.annotation.test_webhooks import BODY, sign
from timbre import attending
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.watching import campaign_watcher


def says(item: CandidateItem, decision: str) -> Review:
    values = {"decision": decision, "faithful": "yes", "natural": "yes", "tone": 4}
    return Review(
        subject=item.candidate.id, reviewer="", reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(name, value) for name, value in values.items()),  # type: ignore[arg-type]
    )  # fmt: skip


@dataclass
class Place:
    """A campaign with two candidates in Argilla, an annotator, and a store to bring reviews to."""

    owner: Connection
    annotator: Connection
    campaign: Campaign
    items: list[CandidateItem]
    url: str
    told: list[str] = field(default_factory=list)

    @contextmanager
    def watched(self, plan: WatchConfig) -> Iterator[None]:
        """Watch in another thread, as the command does, with a store of its own."""
        with Store.open(self.url) as store:
            watch = campaign_watcher(store, self.campaign, self.owner, self.told.append, plan)
            thread = threading.Thread(target=watch.run)
            thread.start()
            try:
                assert until(lambda: any(line.startswith("Watching") for line in self.told))
                yield
            finally:
                watch.stopped.set()
                thread.join()

    def decisions(self) -> list[object]:
        """What is said now, by the store."""
        with Store.open(self.url) as store:
            return [review.answer("decision") for review in store.current_reviews()]

    def says(self, number: int, decision: str) -> None:
        submit(
            self.annotator, self.campaign.candidates_dataset, [says(self.items[number], decision)]
        )


def until(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def place(owner: Connection, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    campaign = Campaign(name=request.node.name[-60:].replace("_", "-"), tone="conversational")
    items = [conversation(), conversation("You'll be across in half an hour or so.")]
    push_candidates(owner, campaign.candidates_dataset, items, replace(TONE, overlap=1))
    account = add_user(owner, "watched")
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    return Place(owner, replace(owner, api_key=account.api_key), campaign, items, url)


def test_what_is_submitted_changed_and_deleted_is_in_the_store_at_once(place: Place) -> None:
    with place.watched(WatchConfig(interval=3600)):
        place.says(0, "approve")
        assert until(lambda: place.decisions() == ["approve"])
        place.says(1, "approve")
        assert until(lambda: place.decisions() == ["approve", "approve"])
        place.says(0, "reject")
        assert until(lambda: sorted(map(str, place.decisions())) == ["approve", "reject"])
        with connect(place.owner) as server:
            dataset = find_dataset(server, place.campaign.candidates_dataset).id
            records = server.get(f"datasets/{dataset}/records", include="responses")["items"]
            kept, gone = sorted(
                records, key=lambda r: r["external_id"] == place.items[0].candidate.id
            )
            server.delete(f"responses/{gone['responses'][0]['id']}")
            assert until(lambda: place.decisions() == ["approve"])
            server.delete(f"datasets/{dataset}/records", ids=kept["id"])
        assert until(lambda: place.decisions() == [])
    with connect(place.owner) as server:
        assert server.get("webhooks")["items"] == []
    assert any("1 new, 0 changed, 0 deleted reviews (webhook)" in line for line in place.told)


def test_what_no_webhook_told_is_found_by_the_next_pull_of_everything(place: Place) -> None:
    place.says(0, "approve")
    with place.watched(WatchConfig(interval=1)):
        assert until(lambda: place.decisions() == ["approve"])
        with connect(place.owner) as server:
            (hook,) = server.get("webhooks")["items"]
            server.patch(f"webhooks/{hook['id']}", {"enabled": False})
        place.says(1, "reject")
        assert until(lambda: sorted(map(str, place.decisions())) == ["approve", "reject"])
    assert not any("webhook" in line for line in place.told)


def declared(url: str, length: str) -> int:
    """The answer to a request that only says how long it will be."""
    where = httpx.URL(url)
    asking = http.client.HTTPConnection(where.host, where.port or 80, timeout=30)
    asking.putrequest("POST", "/")
    asking.putheader("content-length", length)
    asking.endheaders()
    with asking.getresponse() as answered:
        return answered.status


def test_an_event_that_argilla_did_not_sign_is_refused_and_told(place: Place) -> None:
    with place.watched(WatchConfig()):
        with connect(place.owner) as server:
            (hook,) = server.get("webhooks")["items"]
        assert httpx.post(hook["url"], content=BODY).status_code == 400
        assert httpx.post(hook["url"], content=BODY, headers=sign(BODY)).status_code == 400
        assert declared(hook["url"], length="99999999999") == 413
    refused = [line for line in place.told if "wrong signature" in line]
    assert len(refused) == 2


def test_a_port_that_is_taken_is_one_sentence(place: Place) -> None:
    with place.watched(WatchConfig()), connect(place.owner) as server:
        (hook,) = server.get("webhooks")["items"]
        plan = WatchConfig(port=httpx.URL(hook["url"]).port or 0)
        with Store.open(place.url) as store, pytest.raises(AnnotationError, match="Can't listen"):
            campaign_watcher(store, place.campaign, place.owner, place.told.append, plan).run()


def test_a_worker_brings_reviews_in(place: Place, owner: Connection, tmp_path: Path) -> None:
    """Beside the worker, in the workspace that Timbre uses."""
    ours = replace(owner, workspace="timbre")
    add_workspace(ours)
    items = [conversation("It's half an hour across, and then some.")]
    push_candidates(ours, place.campaign.candidates_dataset, items, replace(TONE, overlap=1))
    reader = replace(ours, api_key=add_user(ours, "watched").api_key)
    settings = Settings(tmp_path, place.url, ours.url, ours.api_key, tmp_path / "none")
    stopped = threading.Event()
    arguments = (settings, place.campaign, WatchConfig(interval=3600), stopped)
    thread = threading.Thread(target=attending._attend, args=arguments)
    thread.start()
    try:
        submit(reader, place.campaign.candidates_dataset, [says(items[0], "approve")])
        assert until(lambda: place.decisions() == ["approve"])
    finally:
        stopped.set()
        thread.join()


def test_a_worker_waits_for_an_argilla_that_is_away_and_says_so_once(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(attending, "AGAIN_SECONDS", 0.01)
    settings = Settings(tmp_path, place.url, "http://127.0.0.1:1", "key", tmp_path / "none")
    stopped = threading.Event()
    threading.Timer(1, stopped.set).start()
    attending._attend(settings, place.campaign, WatchConfig(), stopped)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "it is tried again" in said


def test_an_address_for_the_worker_without_a_port_is_refused(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "", "", "", tmp_path / "none")
    for reached in ("timbre", ":8100", "timbre:http"):
        with pytest.raises(SettingsError, match="expected the host and port"):
            attending.attend(settings, [], reached, threading.Event())
