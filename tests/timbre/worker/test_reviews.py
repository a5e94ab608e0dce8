"""The worker pulls reviews, and waits for an Argilla that is unavailable."""

import socket
import threading
from dataclasses import replace

import pytest

from annotation.argilla.accounts import add_user, add_workspace
from annotation.push import push_candidates
from tests.annotation.records import TONE, conversation
from tests.timbre.argilla_campaign import ArgillaCampaign
from timbre.settings import Settings, SettingsError
from timbre.worker import reviews
from timbre.worker.reviews import watch_reviews


@pytest.fixture
def free_port() -> int:
    """A port that no server listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_worker_pulls_reviews(
    argilla_campaign: ArgillaCampaign, settings: Settings, free_port: int
) -> None:
    # The worker watches the workspace that Timbre uses.
    owner = replace(argilla_campaign.owner, workspace="timbre")
    add_workspace(owner)
    items = [conversation("It's half an hour across, and then some.")]
    campaign = argilla_campaign.campaign
    push_candidates(owner, campaign.candidates_dataset, items, replace(TONE, overlap=1))
    place = replace(
        argilla_campaign,
        items=items,
        annotator=replace(owner, api_key=add_user(owner, "watched").api_key),
    )
    settings = replace(settings, argilla_url=owner.url, argilla_api_key=owner.api_key)
    stopped = threading.Event()
    threads = watch_reviews(settings, [("", campaign)], f"127.0.0.1:{free_port}", stopped)
    try:
        place.submit(0, "approve")
        place.wait_for("approve")
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def test_an_unavailable_argilla_is_logged_once_and_waited_for(
    settings: Settings,
    argilla_campaign: ArgillaCampaign,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reviews, "RETRY_SECONDS", 0.01)
    settings = replace(settings, argilla_url="http://127.0.0.1:1", argilla_api_key="key")
    stopped = threading.Event()
    campaigns = [("", argilla_campaign.campaign)]
    (thread,) = watch_reviews(settings, campaigns, f"127.0.0.1:{free_port}", stopped)
    stopped.wait(1)
    stopped.set()
    thread.join()
    (message,) = [record.getMessage() for record in caplog.records]
    assert "Retrying every 0.01 s." in message


@pytest.mark.parametrize("address", ["timbre", ":8100", "timbre:http"])
def test_an_address_without_host_or_port_is_rejected(settings: Settings, address: str) -> None:
    with pytest.raises(SettingsError, match="must be the HOST:PORT"):
        watch_reviews(settings, [], address, threading.Event())
