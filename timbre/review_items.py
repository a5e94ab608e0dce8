"""What a page of review shows: candidates with source, suggestions, vector and measures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.items import CandidateItem, judged_text
from db.records import Article, Candidate, Passage
from db.store import Store
from evaluation.tone import tone_measures
from timbre.review_settings import MEASURES
from timbre.suggestions import suggestions_of
from trainer.embed import embed


def candidate_items(store: Store, candidates: Sequence[Candidate]) -> Iterator[CandidateItem]:
    """Candidates with their source, suggestions, sentence vector and measures to filter by."""
    vectors = embed([judged_text(candidate) for candidate in candidates])
    for item, vector in zip(sourced_items(store, candidates), vectors, strict=True):
        measures = tone_measures(judged_text(item.candidate))
        yield replace(
            item,
            suggestions=tuple(suggestions_of(item.candidate, measures)),
            vector=tuple(float(value) for value in vector),
            metadata=tuple((name, round(measures[name], 2)) for name in MEASURES),
        )


def sourced_items(store: Store, candidates: Sequence[Candidate]) -> Iterator[CandidateItem]:
    """Candidates with the passage and article that they come from."""
    passages = {p.id: p for p in store.stream(Passage, id=_ids(c.passage for c in candidates))}
    from_articles = _ids(passage.article for passage in passages.values())
    articles = {article.id: article for article in store.stream(Article, id=from_articles)}
    for candidate in candidates:
        passage = passages.get(candidate.passage or "")
        article = articles.get(passage.article) if passage else None
        yield CandidateItem(candidate=candidate, passage=passage, article=article)


def _ids(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple({id for id in ids if id})
