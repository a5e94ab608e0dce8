"""`examples` in [generate]: approved texts of a version become the worked examples."""

from dataclasses import replace

import pytest

from db.errors import StoreError
from db.records import Article, CandidateKind, Split
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import freeze
from pipelines.worked_examples import SHOWN
from tests.db.approvals import PLAN, add_approvals
from timbre.campaign import Campaign, load_campaign
from timbre.settings import SettingsError
from timbre.workflows.generate.examples import approved_examples


@pytest.fixture
def campaign() -> Campaign:
    loaded = load_campaign("demo-tone")
    return replace(loaded, generate=replace(loaded.generate, examples="first"))


def test_few_approved_texts_of_different_articles_are_shown(
    store: Store, campaign: Campaign
) -> None:
    version = freeze(store, PLAN, add_approvals(store, range(40)))
    examples = approved_examples(store, campaign)
    assert len(examples) == SHOWN
    assert examples == approved_examples(store, campaign)
    articles = [example.articles for example in examples]
    assert len(set(articles)) == SHOWN
    train = {e.article for e in version_examples(store, version, Split.TRAIN)}
    assert all(train & set(ids) for ids in articles)
    for example in examples:
        assert example.kind is CandidateKind.CONVERSATION
        assert example.values["plain_answer"]
        assert example.values["answer"]
        assert str(example.values["question"])


def test_every_revision_of_an_article_counts_as_the_article(
    store: Store, campaign: Campaign
) -> None:
    freeze(store, PLAN, add_approvals(store, range(40)))
    article_id = approved_examples(store, campaign)[0].articles[0]
    (article,) = store.stream(Article, id=article_id)
    newer = replace(article, revision="another", digest="another")
    store.add([newer])
    assert set(approved_examples(store, campaign)[0].articles) == {article_id, newer.id}


def test_version_without_texts_of_the_voice_is_an_error(store: Store, campaign: Campaign) -> None:
    freeze(store, PLAN, add_approvals(store, range(40)))
    persona = load_campaign("demo-persona")
    persona = replace(persona, generate=replace(persona.generate, examples="first"))
    with pytest.raises(SettingsError, match="contains no approved texts for the persona “Marlo”"):
        approved_examples(store, persona)


def test_unknown_version_is_an_error(store: Store, campaign: Campaign) -> None:
    with pytest.raises(StoreError, match="no version"):
        approved_examples(store, campaign)


def test_without_the_key_the_voice_has_its_own_examples(store: Store) -> None:
    assert approved_examples(store, load_campaign("demo-tone")) == ()
