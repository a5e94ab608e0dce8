"""From an empty folder to a report with a voice, documents and chats of one's own.

The test types `timbre init`, then whatever each command names as the next one. People review in
Chromium.
"""

import json
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from annotation.argilla.accounts import Account, add_user, add_workspace
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import dataset_names, find_dataset
from annotation.argilla.embedded_server import ServerProcess
from db.records import Candidate, CandidateKind, Example, ReviewerKind, Role, Version
from db.store import Store
from tests.annotation.browser import conftest as browser_fixtures
from tests.annotation.browser.conftest import new_page
from tests.annotation.browser.pages import choose, log_in, open_dataset, send
from tests.pipelines.servers import Handler, Server
from tests.pipelines.standin import StandIn
from tests.serving import serving
from tests.timbre.conftest import CommandResult, Timbre

MATERIAL = Path(__file__).parents[2] / "own_voice"
TRAINING = 'base = "mini"\nsteps = 3\nbatch_size = 2\nprecision = "float32"\ntruncate = true\n'
_MAX_COMMANDS = 25
browser = browser_fixtures.browser


@pytest.fixture(scope="module")
def owner(argilla_server: ServerProcess) -> Connection:
    """The owner's connection to the workspace that the commands use."""
    connection = Connection(argilla_server.url, argilla_server.credentials.api_key)
    add_workspace(connection)
    return connection


@pytest.fixture(autouse=True)
def environment(
    home: Path, tmp_path: Path, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMBRE_ARGILLA_URL", owner.url)
    monkeypatch.setenv("TIMBRE_ARGILLA_API_KEY", owner.api_key)
    monkeypatch.setattr("trainer.embed.embed", lambda texts: np.eye(384)[: len(texts)])


@pytest.fixture
def model() -> Iterator[Server]:
    """A stand-in for a model, which answers over HTTP."""
    stand_in = StandIn()

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        handler.complete(stand_in.reply(body["messages"]))

    with serving(Server(reply)) as server:
        server.models = ("m",)
        yield server


@dataclass
class Person:
    """Somebody who follows the `Next:` lines, and reviewers who answer in Chromium."""

    timbre: Timbre
    browser: Browser
    owner: Connection
    reviewers: tuple[Account, ...]
    commands: list[str] = field(default_factory=list)
    reviewed: int = 0

    def follow(self, *first: str) -> None:
        """Run a command, and then each next one, up to the report."""
        command = list(first)
        while len(self.commands) < _MAX_COMMANDS:
            self.commands.append(" ".join(command[:2]))
            if command[:2] == ["review", "pull"]:
                self.review(command[2])
            result = self.run(*command)
            if command[0] == "report":
                return
            command = shlex.split(result.err.rpartition("Next: timbre ")[2])
        raise AssertionError(self.commands)

    def run(self, *command: str) -> CommandResult:
        """Run a command in a thread, because Playwright's event loop runs in this one."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self.timbre, *command).result()

    def review(self, campaign: str) -> None:
        """Answer every record of a campaign as every reviewer."""
        names = sorted(n for n in dataset_names(self.owner) if n.startswith(f"{campaign}-"))
        for account in self.reviewers:
            with new_page(self.browser, self.owner) as page:
                log_in(page, self.owner, account)
                for name in names:
                    self._review_dataset(page, name, account)

    def _review_dataset(self, page: Page, name: str, account: Account) -> None:
        with connect(self.owner) as server:
            dataset = find_dataset(server, name)
            questions = server.get(f"datasets/{dataset.id}/questions")["items"]
        with connect(Connection(self.owner.url, account.api_key)) as server:
            count = server.get(f"me/datasets/{dataset.id}/metrics")["responses"]["pending"]
        if not count:
            return
        open_dataset(page, self.owner, name)
        for _ in range(count):
            for question in questions:
                if question["required"]:
                    choose(page, question["name"], _best(question))
            send(page)
            self.reviewed += 1


def _best(question: dict[str, Any]) -> str:
    """The answer of a reviewer who likes everything: the highest rating, or the first option."""
    options = [str(option["value"]) for option in question["settings"]["options"]]
    return options[-1] if question["settings"]["type"] == "rating" else options[0]


@pytest.fixture
def person(timbre: Timbre, browser: Browser, owner: Connection) -> Callable[..., Person]:
    def make(*names: str) -> Person:
        accounts = tuple(add_user(owner, name) for name in names)
        return Person(timbre, browser, owner, accounts)

    return make


def use_quick_training(campaign: str) -> None:
    """Train for a moment: the only change to what `init` wrote."""
    Path(f"{campaign}/quick.toml").write_text(TRAINING, encoding="utf-8")
    path = Path(f"{campaign}/campaign.toml")
    text = path.read_text(encoding="utf-8")
    assert 'training = "mini"' in text
    text = text.replace('training = "mini"', 'training = "quick.toml"')
    path.write_text(f"{text}\n[evaluate]\nmax_new_tokens = 3\nprompts = 3\n", encoding="utf-8")


def report_of(home: Path) -> str:
    (path,) = home.glob("reports/**/*.html")
    return path.read_text(encoding="utf-8")


def test_an_english_tone_with_documents_and_chats(
    timbre: Timbre, person: Callable[..., Person], model: Server, home: Path, store: Store
) -> None:
    material = Path("everything")
    material.mkdir()
    for path in [*(MATERIAL / "harbour").iterdir(), MATERIAL / "chats.jsonl"]:
        (material / path.name).write_bytes(path.read_bytes())
    ada_and_bo = person("ada", "bo")
    timbre(
        *("init", "harbour", "--description", "brief, warm and practical"),
        *(
            "--pair",
            "Tickets may be purchased at the pier. => You can buy your ticket at the pier.",
        ),
        *("--pair", "Dogs are permitted on board. => Bring your dog along!"),
        *("--material", "everything", "--teacher", f"openai:m@{model.url}"),
        *("--reviewers", "ada,bo"),
    )
    use_quick_training("harbour")
    ada_and_bo.follow("check", "harbour")
    candidates = list(store.stream(Candidate))
    assert {c.kind for c in candidates} == {CandidateKind.CONVERSATION, CandidateKind.DIALOGUE}
    assert sum(c.passage is None for c in candidates) == 3  # the fourth chat has no answer
    names = {f"harbour-{n}" for n in ("candidates", "candidates-rewrites", "outputs")}
    assert names <= dataset_names(ada_and_bo.owner)
    (version,) = store.stream(Version)
    assert version.reviewer_kinds == (ReviewerKind.PERSON,)
    assert not version.override
    examples = list(store.stream(Example))
    assert len(examples) == len(candidates)
    assert any(m.role is Role.SYSTEM for e in examples for m in e.messages)
    assert ada_and_bo.reviewed >= 2 * len(candidates)
    assert "harbour" in report_of(home)
    assert ada_and_bo.commands[:3] == ["check harbour", "generate harbour", "review push"]


def test_a_german_tone_with_three_steps(
    timbre: Timbre, person: Callable[..., Person], model: Server, home: Path, store: Store
) -> None:
    timbre(
        *("init", "hafen", "--description", "freundlich, kurz und klar: wir duzen"),
        *("--pair", "Fahrkarten sind am Pier erhältlich. => Deine Fahrkarte bekommst du am Pier."),
        *("--pair", "Hunde sind gestattet. => Bring deinen Hund gern mit, wenn du magst!"),
        *("--material", str(MATERIAL / "hafen"), "--teacher", f"openai:m@{model.url}"),
    )
    use_quick_training("hafen")
    carla = person("carla")
    carla.follow("check", "hafen")
    with connect(carla.owner) as server:
        dataset = find_dataset(server, "hafen-candidates").id
        questions = server.get(f"datasets/{dataset}/questions")["items"]
    (tone,) = (q for q in questions if q["name"] == "tone")
    assert [option["value"] for option in tone["settings"]["options"]] == [1, 2, 3]
    asked = json.dumps(model.requests[0], ensure_ascii=False)
    assert "Write in German." in asked
    (version,) = store.stream(Version)
    assert version.override == "one reviewer per record"
    assert "one reviewer per record" in report_of(home)


def test_a_persona(timbre: Timbre, person: Callable[..., Person], home: Path, store: Store) -> None:
    timbre(
        *("init", "keeper", "--kind", "persona", "--material", str(MATERIAL / "harbour")),
        *("--description", "A retired lighthouse keeper who measures everything twice."),
        *("--pair", "Measure it again.", "--reviewers", "dora"),
    )
    use_quick_training("keeper")
    dora = person("dora")
    dora.follow("check", "keeper")
    kinds = {candidate.kind for candidate in store.stream(Candidate)}
    assert kinds <= {CandidateKind.STATEMENT, CandidateKind.DIALOGUE, CandidateKind.DOCUMENT}
    assert kinds
    assert "Keeper" in report_of(home)
