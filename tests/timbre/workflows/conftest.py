"""Articles for the store of a test's home, and a tiny model."""

from db.records import Article, Passage
from db.store import Store
from tests.pipelines.conftest import TEXTS
from tests.trainer import conftest as trainer_fixtures

tiny_model = trainer_fixtures.tiny_model


def add_passages(store: Store, texts: tuple[str, ...] = TEXTS) -> None:
    """Store an article of one passage for each text."""
    for n, text in enumerate(texts):
        article = Article(url=f"u{n}", revision="1", digest=str(n), source="s")
        store.add([article, Passage(article=article.id, section="", position=0, text=text)])
