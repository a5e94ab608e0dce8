"""Build what reviewers see: candidates and comparisons, with their sources and suggestions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.assignment import in_calibration_set
from annotation.items import CandidateItem, ComparisonItem, Suggestion
from db.records import (
    Article,
    Candidate,
    Comparison,
    Example,
    Message,
    Output,
    Passage,
    messages_to_text,
)
from db.store import Store
from evaluation.measures.suggestions import suggest_answers
from evaluation.measures.tone import tone_measures
from timbre.campaign import METADATA_MEASURES, Campaign


def in_calibration(candidate: Candidate, campaign: Campaign) -> bool:
    """Return whether a candidate is in the calibration set, which is used to measure agreement."""
    return in_calibration_set(candidate.id, campaign.name, campaign.review.calibration)


def candidate_items(
    store: Store, campaign: Campaign, candidates: Sequence[Candidate]
) -> Iterator[CandidateItem]:
    """Yield candidates, each with its source, suggested answers, sentence vector and measures."""
    from trainer.embed import embed  # imports torch, which takes seconds

    vectors = embed([candidate.review_text for candidate in candidates])
    for item, vector in zip(sourced_items(store, candidates), vectors, strict=True):
        measures = tone_measures(item.candidate.review_text, campaign.voice.language)
        answers = suggest_answers(item.candidate, campaign.rating_rule, campaign.voice.language)
        yield replace(
            item,
            suggestions=tuple(Suggestion(a.question, a.value, a.score, a.agent) for a in answers),
            vector=tuple(float(value) for value in vector),
            metadata=tuple(
                (name, round(measures[name], 2)) for name in METADATA_MEASURES if name in measures
            ),
        )


def sourced_items(store: Store, candidates: Sequence[Candidate]) -> Iterator[CandidateItem]:
    """Yield candidates, each with the passage and the article on which it's based."""
    passages = {p.id: p for p in store.stream(Passage, id=_ids(c.passage for c in candidates))}
    article_ids = _ids(passage.article for passage in passages.values())
    articles = {article.id: article for article in store.stream(Article, id=article_ids)}
    for candidate in candidates:
        passage = passages.get(candidate.passage or "")
        article = articles.get(passage.article) if passage else None
        yield CandidateItem(candidate=candidate, passage=passage, article=article)


def comparison_items(store: Store, campaign: Campaign) -> Iterator[ComparisonItem]:
    """Yield the campaign's blind comparisons with the texts to show to reviewers.

    Raises `StoreError` if a compared text was erased.
    """
    for comparison in store.stream(Comparison, campaign=campaign.name):
        example = store.require(Example, comparison.prompt)
        passage = store.get(Passage, example.passage) if example.passage else None
        left, right = (store.require(Output, id) for id in (comparison.left, comparison.right))
        yield ComparisonItem(
            comparison=comparison,
            prompt_text=example.question or _prompt_text(example.messages[:-1], passage),
            passage=passage.text if passage else "",
            left_text=left.text,
            right_text=right.text,
            reference=example.reference,
        )


def _prompt_text(messages: tuple[Message, ...], passage: Passage | None) -> str:
    """Return what a model was asked: the user's turn, or the whole chat without the passage."""
    if len(messages) == 1:
        return messages[0].content
    opening = f"{passage.text}\n\n" if passage else ""
    return messages_to_text(
        tuple(replace(m, content=m.content.removeprefix(opening)) for m in messages)
    )


def _ids(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple({id for id in ids if id})
