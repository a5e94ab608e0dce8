"""What our own measures suggest to a reviewer, and what a page of review shows beside a text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.items import CandidateItem, Suggestion, judged_text
from db.records import Article, Candidate, CandidateKind, Passage
from db.store import Store
from evaluation.content import CONTENT_SOURCE, names_kept, numbers_kept
from evaluation.tone import TONE_SOURCE, conversational, tone_measures
from timbre.review_settings import MEASURES
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


def suggestions_of(candidate: Candidate, measures: dict[str, float]) -> Iterator[Suggestion]:
    """What our measures suggest of a candidate; `measures` are those of tone of its text."""
    if candidate.kind is CandidateKind.CONVERSATION:
        tone = 4 if conversational(measures) else 2
        yield Suggestion("tone", tone, None, TONE_SOURCE)
    if candidate.traits:
        yield Suggestion("traits", candidate.traits, None, candidate.provenance.teacher)
    if candidate.reference:
        kept = _facts_kept(candidate)
        yield Suggestion("faithful", "yes" if kept == 1 else "partly", kept, CONTENT_SOURCE)


def _facts_kept(candidate: Candidate) -> float:
    """The lower of the shares of the plain answer's numbers and names that the rewrite holds."""
    text = judged_text(candidate)
    shares = (numbers_kept(candidate.reference, text), names_kept(candidate.reference, text))
    return round(min((share for share in shares if share is not None), default=1.0), 2)
