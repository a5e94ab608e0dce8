"""Choose worked examples for a campaign from the approved texts of a frozen version."""

from collections import defaultdict

from db.records import Article, Passage, Split
from db.store import Store
from db.versions.contents import find_version, version_examples
from pipelines.voices.persona import Persona
from pipelines.worked_examples import WorkedExample, choose_approved
from timbre.campaign import Campaign
from timbre.settings import SettingsError


def approved_examples(store: Store, campaign: Campaign) -> tuple[WorkedExample, ...]:
    """Return approved texts from the version that the campaign's `examples` setting names.

    Returns no texts if the campaign doesn't set `examples`. A version never changes, so the
    teacher's prompts stay the same when people approve more texts.

    Raises `SettingsError` if the version contains no suitable texts.
    """
    name, voice = campaign.generate.examples, campaign.voice
    if not name:
        return ()
    persona = voice.label if isinstance(voice, Persona) else None
    train = version_examples(store, find_version(store, name), Split.TRAIN)
    examples = [example for example in train if example.persona == persona]
    passage_ids = tuple(example.passage or "" for example in examples)
    passages = {p.id: p for p in store.stream(Passage, id=passage_ids)}
    revisions = _revisions(store, tuple(example.article or "" for example in examples))
    chosen = tuple(choose_approved(voice, examples, passages, revisions))
    if not chosen:
        raise SettingsError(
            f"`examples` in [generate] is “{name}”, but that version contains no approved texts "
            f"for {campaign.subject} that are based on a passage. Name another version, or remove "
            "`examples`."
        )
    return chosen


def _revisions(store: Store, articles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the ids of all stored revisions of each article, keyed by article id."""
    urls = {article.id: article.url for article in store.stream(Article, id=articles)}
    by_url: dict[str, list[str]] = defaultdict(list)
    for article in store.stream(Article, url=tuple(set(urls.values()))):
        by_url[article.url].append(article.id)
    return {article: tuple(sorted(by_url[url])) for article, url in urls.items()}
