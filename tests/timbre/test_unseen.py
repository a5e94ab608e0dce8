"""What the mini was trained on is no evaluation text."""

from dataclasses import replace
from pathlib import Path

from db.records import Article, Example, Split
from db.store import Store
from db.versions import freeze, version_examples
from tests.db.frozen import PLAN, judge
from timbre.unseen import unseen
from trainer.mini.packaged import trained_on


def test_held_out_texts_of_articles_that_the_mini_knows_are_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'timbre.db'}"
    Store.migrate(url)
    with Store.open(url) as store:
        examples = list(version_examples(store, freeze(store, PLAN, judge(store, range(40)))))
        asked = next(e for e in examples if e.split is Split.TEST)
        taught = next(e for e in examples if e.split is Split.TRAIN)
        page, title = min(trained_on()), "https://en.wikipedia.org/wiki/Known"
        known = Article(url=title, revision="1", digest="d", page=page)
        elsewhere = replace(known, url="https://timbre.example/wiki/Known")
        store.add([known, elsewhere])

        def of(example: Example, article: Article) -> Example:
            return replace(example, article=article.id)

        held, other, learnt = of(asked, known), of(asked, elsewhere), of(taught, known)
        assert unseen(store, [held, other, learnt, asked], "mini") == [other, learnt, asked]
        assert unseen(store, [held, asked], "another/model") == [held, asked]
