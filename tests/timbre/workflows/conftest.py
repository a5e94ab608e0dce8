"""Articles for the store of a test's home, a tiny model, and runs of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.records import Article, Passage
from db.store import Store
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals
from tests.pipelines.conftest import TEXTS
from tests.timbre.workflows.tiny_runs import TinyRuns
from tests.trainer import conftest as trainer_fixtures
from timbre.settings import Settings
from timbre.stores import open_store

tiny_model = trainer_fixtures.tiny_model


def add_passages(store: Store, texts: tuple[str, ...] = TEXTS) -> None:
    """Store an article of one passage for each text."""
    for n, text in enumerate(texts):
        article = Article(url=f"u{n}", revision="1", digest=str(n), source="s")
        store.add([article, Passage(article=article.id, section="", position=0, text=text)])


@pytest.fixture(scope="module")
def tiny_runs(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyRuns]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home, f"sqlite:///{home / 'timbre.db'}", "", "", home / "argilla")
    with open_store(settings) as store:
        version = freeze(store, PLAN, add_approvals(store, range(60)))
        yield TinyRuns(store, settings, tiny_model, version)
