"""Choose approved texts of a frozen version as worked examples for a campaign's teacher.

A version never changes, so the prompts of a campaign stay the same when people approve more texts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from db.records import Article, CandidateKind, Example, Passage, Role, Split
from db.store import Store
from db.versions.contents import find_version, version_examples
from pipelines.articles.spans import text_before
from pipelines.voices.persona import Persona
from pipelines.worked_examples import SHOWN, WorkedExample, describe_traits
from timbre.campaign import Campaign
from timbre.settings import SettingsError


def approved_examples(store: Store, campaign: Campaign) -> tuple[WorkedExample, ...]:
    """A few approved texts of each kind from the version that the campaign's `examples` names.

    Without `examples`, there are none. The texts of a kind come from different articles in the
    training split, and each call selects the same texts.

    Raises `SettingsError` if the version has no suitable text.
    """
    name = campaign.generate.examples
    if not name:
        return ()
    voice = campaign.voice
    persona = voice.label if isinstance(voice, Persona) else None
    examples = version_examples(store, find_version(store, name), Split.TRAIN)
    train = [e for e in examples if e.article and e.persona == persona]
    passages = {p.id: p for p in store.stream(Passage, id=tuple(e.passage or "" for e in train))}
    revisions = _revisions(store, [e.article or "" for e in train])
    chosen = tuple(
        _worked_example(campaign, example, passages[example.passage or ""], revisions)
        for example in _choose([e for e in train if e.passage in passages])
    )
    if not chosen:
        raise SettingsError(
            f"The version “{name}”, which `examples` in [generate] names, has no approved text of "
            f"{campaign.subject} about a passage. Name another version, or remove the key."
        )
    return chosen


def _choose(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield the first few examples of each kind in the order of their ids, one per article."""
    counts: Counter[CandidateKind] = Counter()
    articles: dict[CandidateKind, set[str | None]] = defaultdict(set)
    for example in sorted(examples, key=lambda e: e.id):
        is_new = example.article not in articles[example.kind]
        if is_new and counts[example.kind] < SHOWN:
            counts[example.kind] += 1
            articles[example.kind].add(example.article)
            yield example


def _revisions(store: Store, articles: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Map the id of each article to the ids of all its stored revisions."""
    urls = {article.id: article.url for article in store.stream(Article, id=tuple(articles))}
    by_url: dict[str, list[str]] = defaultdict(list)
    for article in store.stream(Article, url=tuple(set(urls.values()))):
        by_url[article.url].append(article.id)
    return {article: tuple(sorted(by_url[url])) for article, url in urls.items()}


def _worked_example(
    campaign: Campaign, example: Example, passage: Passage, revisions: dict[str, tuple[str, ...]]
) -> WorkedExample:
    values: dict[str, object] = {"passage": passage.text}
    turns = [m for m in example.messages if m.role is not Role.SYSTEM]
    if example.kind is CandidateKind.CONVERSATION:
        values |= {
            "before": text_before(passage.text, example.reference),
            "question": example.question,
            "plain_answer": example.reference,
            "answer": turns[-1].content,
        }
    elif isinstance(campaign.voice, Persona):
        text = example.text or " ".join(m.content for m in turns if m.role is Role.ASSISTANT)
        values["traits"] = describe_traits(campaign.voice, example.traits, text)
        messages = [{"role": str(m.role), "content": m.content} for m in turns]
        values |= {"messages": messages} if messages else {str(example.kind): example.text}
    return WorkedExample(example.kind, values, revisions[example.article or ""])
