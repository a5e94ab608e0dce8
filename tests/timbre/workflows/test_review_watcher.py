"""Reviews are pulled as they're submitted, and regular pulls find what no webhook reported."""

import http.client

import httpx
import pytest

from annotation.argilla.connection import connect
from annotation.argilla.datasets import find_dataset
from annotation.argilla.review_watcher import WatchConfig
from annotation.errors import AnnotationError
from db.store import Store
from tests.annotation.argilla.test_webhooks import BODY, sign
from tests.timbre.argilla_campaign import ArgillaCampaign
from timbre.workflows.review.pull import review_watcher


def test_new_changed_and_deleted_reviews_are_stored_at_once(
    argilla_campaign: ArgillaCampaign,
) -> None:
    place = argilla_campaign
    with place.watch(WatchConfig(interval=3600)):
        place.submit(0, "approve")
        place.wait_for("approve")
        place.submit(1, "approve")
        place.wait_for("approve", "approve")
        place.submit(0, "reject")
        place.wait_for("approve", "reject")
        with connect(place.owner) as server:
            dataset = find_dataset(server, place.campaign.candidates_dataset).id
            records = server.get(f"datasets/{dataset}/records", include="responses")["items"]
            second, first = sorted(
                records, key=lambda r: r["external_id"] == place.items[0].candidate.id
            )
            server.delete(f"responses/{first['responses'][0]['id']}")
            place.wait_for("approve")
            server.delete(f"datasets/{dataset}/records", ids=second["id"])
        place.wait_for()
    with connect(place.owner) as server:
        assert server.get("webhooks")["items"] == []
    assert any("1 new, 0 changed, 0 deleted reviews (webhook)" in m for m in place.messages)


def test_a_review_without_a_webhook_is_found_by_the_next_full_pull(
    argilla_campaign: ArgillaCampaign,
) -> None:
    place = argilla_campaign
    place.submit(0, "approve")
    with place.watch(WatchConfig(interval=1)):
        place.wait_for("approve")
        with connect(place.owner) as server:
            (hook,) = server.get("webhooks")["items"]
            server.patch(f"webhooks/{hook['id']}", {"enabled": False})
        place.submit(1, "reject")
        place.wait_for("approve", "reject")
    assert not any("(webhook)" in message for message in place.messages)


def post_length(url: str, length: str) -> int:
    """The status of a request that only announces its length."""
    address = httpx.URL(url)
    connection = http.client.HTTPConnection(address.host, address.port or 80, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("content-length", length)
    connection.endheaders()
    with connection.getresponse() as response:
        return response.status


def test_an_event_that_argilla_did_not_sign_is_rejected_and_reported(
    argilla_campaign: ArgillaCampaign,
) -> None:
    place = argilla_campaign
    with place.watch(WatchConfig()):
        with connect(place.owner) as server:
            (hook,) = server.get("webhooks")["items"]
        assert httpx.post(hook["url"], content=BODY).status_code == 400
        assert httpx.post(hook["url"], content=BODY, headers=sign(BODY)).status_code == 400
        assert post_length(hook["url"], length="99999999999") == 413
    assert len([message for message in place.messages if "invalid signature" in message]) == 2


def test_a_port_in_use_is_one_sentence(argilla_campaign: ArgillaCampaign) -> None:
    place = argilla_campaign
    with place.watch(WatchConfig()), connect(place.owner) as server:
        (hook,) = server.get("webhooks")["items"]
        config = WatchConfig(port=httpx.URL(hook["url"]).port or 0)
        with Store.open(place.url) as store, pytest.raises(AnnotationError, match="Can't listen"):
            review_watcher(store, place.campaign, place.owner, place.messages.append, config).run()
