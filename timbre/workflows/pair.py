"""Select the preference pairs of a campaign's next version, from its reviews and blind votes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from annotation.pairs.candidate_pairs import (
    ApprovedCandidate,
    ReviewedCandidate,
    candidate_pairs,
)
from annotation.pairs.screening import screen_pairs
from annotation.pairs.vote_pairs import ReviewedComparison, vote_pairs
from db.errors import StoreError
from db.records import (
    Article,
    Candidate,
    Comparison,
    Decision,
    Example,
    Output,
    Pair,
    PairSource,
    Rejection,
    Review,
    Verdict,
)
from db.reviews import current_reviews
from db.store import Store
from db.versions.freeze import Approval, FreezePlan, build_examples
from db.versions.splits import split_of
from evaluation.gates import find_text_failure
from pipelines.checks.pii import find_pii_kinds
from timbre.campaign import Campaign
from timbre.console import format_counts


@dataclass(frozen=True)
class ReviewedTexts:
    """A campaign's approved candidates, and all verdicts and reviews of its candidates."""

    approved: Sequence[Approval]
    verdicts: Sequence[Verdict]
    reviews: Sequence[Review]


@dataclass(frozen=True)
class PairSelection:
    """The pairs for a version, the rejected pairs, and the votes on training prompts."""

    pairs: tuple[Pair, ...]
    rejections: tuple[Rejection, ...]
    votes: tuple[Review, ...]

    @property
    def rejection_counts(self) -> dict[str, int]:
        """The number of rejected pairs for each reason."""
        return dict(Counter(rejection.reason for rejection in self.rejections))


def select_pairs(
    store: Store, campaign: Campaign, texts: ReviewedTexts, plan: FreezePlan
) -> PairSelection:
    """Create the pairs of the sources in the campaign's `freeze.pairs`.

    A pair has the split that its article has in the planned version.

    Raises `StoreError` if there are no pairs, after it has stored why they were rejected.
    """
    sources = {PairSource(source) for source in campaign.freeze.pairs}
    approved, rejected = _reviewed_candidates(store, texts, plan)
    has_votes = PairSource.VOTE in sources
    comparisons = list(_reviewed_comparisons(store, campaign, plan)) if has_votes else []
    created = list(chain(candidate_pairs(approved, rejected, sources), vote_pairs(comparisons)))

    def find_failure(text: str) -> str:
        return find_text_failure(text, find_pii_kinds(text), campaign.gates)

    pairs = [each for each in created if isinstance(each, Pair)]
    screened = list(screen_pairs(pairs, campaign.name, find_failure))
    selection = PairSelection(
        pairs=tuple(each for each in screened if isinstance(each, Pair)),
        rejections=tuple(e for e in (*created, *screened) if isinstance(e, Rejection)),
        votes=tuple(vote for c in comparisons if not c.held_out_split for vote in c.votes),
    )
    store.add(selection.rejections)
    _check_pairs(selection, campaign)
    return selection


def _check_pairs(selection: PairSelection, campaign: Campaign) -> None:
    if selection.pairs:
        return
    sources = ", ".join(campaign.freeze.pairs)
    rejections = format_counts(selection.rejection_counts)
    raise StoreError(
        f"There are no preference pairs from the sources in `freeze.pairs` ({sources})"
        + (f"; rejected: {rejections}" if rejections else "")
        + ". Edit candidates, review several answers to the same prompts or vote on answers to "
        "training prompts, or remove `pairs` to freeze a version without pairs."
    )


def _reviewed_candidates(
    store: Store, texts: ReviewedTexts, plan: FreezePlan
) -> tuple[list[ApprovedCandidate], list[ReviewedCandidate]]:
    reviews = {review.id: review for review in texts.reviews}

    def reviews_of(verdict: Verdict) -> tuple[Review, ...]:
        return tuple(reviews[id] for id in verdict.reviews)

    pages = _pages(store, (approval.article for approval in texts.approved))
    examples = build_examples(texts.approved, plan, pages)
    approved = [
        ApprovedCandidate(candidate, verdict, reviews_of(verdict), example)
        for (candidate, verdict, _), example in zip(texts.approved, examples, strict=True)
    ]
    verdicts = {v.subject: v for v in texts.verdicts if v.decision is Decision.REJECT}
    rejected = [
        ReviewedCandidate(candidate, verdicts[candidate.id], reviews_of(verdicts[candidate.id]))
        for candidate in store.stream(Candidate, id=tuple(verdicts))
    ]
    return approved, rejected


def _reviewed_comparisons(
    store: Store, campaign: Campaign, plan: FreezePlan
) -> Iterator[ReviewedComparison]:
    comparisons = list(store.stream(Comparison, campaign=campaign.name))
    reviews: dict[str, list[Review]] = {comparison.id: [] for comparison in comparisons}
    for review in current_reviews(store, subject=tuple(reviews)):
        reviews[review.subject].append(review)
    examples = store.get_many(Example, {comparison.prompt for comparison in comparisons})
    outputs = store.get_many(Output, {id for c in comparisons for id in (c.left, c.right)})
    pages = _pages(store, (example.article for example in examples.values()))
    for comparison in comparisons:
        example = examples[comparison.prompt]
        source = pages[example.article] if example.article else example.candidate
        yield ReviewedComparison(
            comparison=comparison,
            example=example,
            left=outputs[comparison.left],
            right=outputs[comparison.right],
            reviews=tuple(reviews[comparison.id]),
            split=split_of(source, plan.salt, plan.splits),
        )


def _pages(store: Store, articles: Iterable[str | None]) -> dict[str, str]:
    """Return the URLs of articles, keyed by the articles' ids."""
    ids = {article for article in articles if article}
    return {id: article.url for id, article in store.get_many(Article, ids).items()}
