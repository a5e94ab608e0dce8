"""A Timbre home of each test's own, its settings and store, and a way to run commands in it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from annotation.argilla.accounts import add_user
from annotation.argilla.connection import Connection
from annotation.push import push_candidates
from db.store import Store
from tests.annotation.records import TONE, conversation
from tests.timbre.argilla_campaign import ArgillaCampaign
from timbre.__main__ import main
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig
from timbre.settings import Settings, read_settings
from timbre.stores import open_store


@dataclass(frozen=True)
class CommandResult:
    """What a command printed."""

    out: str
    err: str


Timbre = Callable[..., CommandResult]
"""Runs a command; its status must be 0, or `status` if that's passed."""


def ignore_progress(*_: object) -> None:
    """Show no progress."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that doesn't exist yet; the environment has no other setting of Timbre."""
    for name in [name for name in os.environ if name.startswith("TIMBRE_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("TIMBRE_HOME", str(folder))
    return folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return read_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as database:
        yield database


@pytest.fixture
def timbre(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Timbre:
    def run(*arguments: str, status: int = 0) -> CommandResult:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capfd.readouterr()
        assert (end.value.code or 0) == status, captured.err
        return CommandResult(captured.out, captured.err)

    return run


@pytest.fixture
def argilla_campaign(
    owner: Connection, settings: Settings, store: Store, request: pytest.FixtureRequest
) -> ArgillaCampaign:
    """A campaign with two candidates in Argilla, named after the test."""
    name = request.node.name[-60:].replace("_", "-").strip("-")
    campaign = resolve_campaign(CampaignConfig(name, tone="conversational"))
    items = [conversation(), conversation("You'll be across in half an hour or so.")]
    push_candidates(owner, campaign.candidates_dataset, items, replace(TONE, overlap=1))
    annotator = replace(owner, api_key=add_user(owner, "watched").api_key)
    return ArgillaCampaign(owner, annotator, campaign, items, settings.database_url)
