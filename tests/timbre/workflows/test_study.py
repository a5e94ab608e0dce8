"""A study's examples: held-out texts that the mini was trained on are left out."""

from dataclasses import replace

from db.records import Article, Example, Split
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals
from timbre.workflows.study import without_seen_articles
from trainer.models.mini import trained_on


def test_held_out_texts_of_articles_that_the_mini_has_seen_are_left_out(store: Store) -> None:
    examples = list(version_examples(store, freeze(store, PLAN, add_approvals(store, range(40)))))
    test_example = next(e for e in examples if e.split is Split.TEST)
    train_example = next(e for e in examples if e.split is Split.TRAIN)
    page, url = min(trained_on()), "https://en.wikipedia.org/wiki/Known"
    article = Article(url=url, revision="1", digest="d", page=page)
    elsewhere = replace(article, url="https://timbre.example/wiki/Known")
    store.add([article, elsewhere])

    def from_article(example: Example, source: Article) -> Example:
        return replace(example, article=source.id)

    known = from_article(test_example, article)
    others = [
        from_article(test_example, elsewhere),
        from_article(train_example, article),
        test_example,
    ]
    assert without_seen_articles(store, [known, *others], "mini") == others
    every = [known, test_example]
    assert without_seen_articles(store, every, "another/model") == every
