"""Quality gates, which texts and preference pairs must pass before they can be frozen."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as config_dataclass

from db.records import Gate, Interval, Pair, PairSource
from evaluation.statistics import wilson

_CLEAR_SHARE = 0.9
"""The lowest lower bound at which a share of equal decisions shows agreement without alpha."""
AGREEMENT = "agreement on the decision"
"""The name of the gate on reviewer agreement."""


Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


@config_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class GateBounds:
    """The limits that the versions of a campaign must meet."""

    approved: Count = Field(default=10, description="Minimum number of approved records.")
    agreement: Share = Field(
        default=0.2,
        description="Minimum for the lower confidence bound of Krippendorff's alpha on the "
        "decisions. If all reviewers agree, alpha is undefined, so the share of records with "
        "equal decisions is used instead.",
    )
    near_duplicate: Share = Field(
        default=0.8,
        description="Jaccard similarity of 5-word shingles at or above which two texts count as "
        "near duplicates.",
    )
    shortest: Count = Field(default=3, description="Minimum number of words in an approved text.")
    longest: Count = Field(default=400, description="Maximum number of words in an approved text.")
    trait_balance: Share = Field(
        default=0.2,
        description="Minimum ratio of the number of texts with the rarest trait to the number with "
        "the most common trait (personas only).",
    )
    measured: Share = Field(
        default=0.0,
        description="Share of approved texts that must pass each measure (0 disables this gate).",
    )
    judge_kappa: Share = Field(
        default=0.4,
        description="Value that the lower confidence bound of kappa must reach for a measure or "
        "judge to count as reliable.",
    )

    pairs: Count = Field(
        default=10, description="Minimum number of preference pairs, if `freeze.pairs` is set."
    )
    vote_agreement: Share = Field(
        default=0.2,
        description="Minimum lower confidence bound of Krippendorff's alpha for the votes on "
        "training prompts, if pairs come from votes.",
    )
    pair_length: float = Field(
        default=1.5,
        ge=1,
        description="Maximum ratio between the lengths of the chosen and the rejected answers of "
        "pairs, whichever are longer (geometric mean). Models trained on preferences easily learn "
        "the length instead of the voice.",
    )

    @model_validator(mode="after")
    def _lengths_fit(self) -> "GateBounds":
        if self.shortest > self.longest:
            raise ValueError(
                f"`shortest` ({self.shortest}) is larger than `longest` ({self.longest})"
            )
        return self


@dataclass(frozen=True)
class ApprovedTexts:
    """Approved texts, keyed by candidate id, with the results of checks on them.

    Attributes:
        texts: The text of each candidate, in the form used for training.
        traits: The traits of each persona candidate.
        duplicates: Pairs of candidate ids whose texts have a similarity of at least
            `GateBounds.near_duplicate`.
        personal_data: The kinds of personal data found in each text that contains any.
    """

    texts: Mapping[str, str]
    traits: Sequence[Sequence[str]] = ()
    duplicates: Sequence[tuple[str, str]] = ()
    personal_data: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True)
class DecisionAgreement:
    """How well reviewers agree on whether to approve a candidate.

    Attributes:
        alpha: Krippendorff's alpha, or None if it's undefined.
        reason: Why alpha is undefined.
        records: The number of records with decisions by two or more reviewers.
        equal: The number of these records on which all decisions are equal.
    """

    alpha: Interval | None = None
    reason: str = "no record has answers from two reviewers"
    records: int = 0
    equal: int = 0

    @property
    def share(self) -> Interval | None:
        """The share of records on which all reviewers agree, used when alpha is undefined.

        Alpha is also undefined if only one or two of many records divide the reviewers, so a share
        of almost 1 counts as well. A lower share isn't used, because it includes agreement by
        chance.
        """
        if not self.records:
            return None
        share = wilson(self.equal, self.records)
        is_clear = self.equal == self.records or share.low >= _CLEAR_SHARE
        return share if is_clear else None

    @property
    def description(self) -> str:
        """Describe reviewer agreement in words: alpha, or why alpha is undefined."""
        if self.alpha:
            return format_alpha(self.alpha)
        text = f"alpha undefined: {self.reason}"
        if self.share:
            text += (
                f"; the reviewers agree on {self.equal} of {self.records} records, "
                f"{self.share.estimate:.0%} ({self.share.low:.0%} to {self.share.high:.0%})"
            )
        return text


def quality_gates(
    approved: ApprovedTexts, agreement: DecisionAgreement, bounds: GateBounds
) -> tuple[Gate, ...]:
    """Evaluate all quality gates except those that check suggested answers against reviews."""
    gates = (
        _count_gate(len(approved.texts), bounds),
        _agreement_gate(agreement, bounds),
        _duplicate_gate(approved.duplicates, bounds),
        _personal_data_gate(approved.personal_data or {}),
        _length_gate(approved.texts, bounds),
    )
    traits = Counter(trait for each in approved.traits for trait in each)
    return (*gates, _balance_gate(traits, bounds)) if traits else gates


def pair_gates(
    pairs: Sequence[Pair],
    rejections: Mapping[str, int],
    votes: DecisionAgreement,
    bounds: GateBounds,
) -> tuple[Gate, ...]:
    """Evaluate the gates of preference pairs.

    `rejections` counts the rejected pairs by reason, and `votes` is the agreement of the voters.
    """
    gates = [_pair_count_gate(len(pairs), rejections, bounds)]
    if any(pair.source is PairSource.VOTE for pair in pairs):
        gates.append(_vote_gate(votes, bounds))
    if pairs:
        gates.append(_pair_length_gate(pairs, bounds))
    return tuple(gates)


def find_text_failure(text: str, personal_data: Sequence[str], bounds: GateBounds) -> str:
    """Return which gate a text fails and why, or an empty string if it passes."""
    words = len(text.split())
    if not bounds.shortest <= words <= bounds.longest:
        return f"{words} words instead of {bounds.shortest} to {bounds.longest}"
    return f"it contains personal data ({personal_data[0]})" if personal_data else ""


def format_alpha(alpha: Interval) -> str:
    """Format Krippendorff's alpha with its interval as text."""
    return f"alpha {alpha.estimate:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"


def _count_gate(count: int, bounds: GateBounds) -> Gate:
    return Gate(
        "minimum approved",
        count >= bounds.approved,
        f"{count} approved records",
        f"at least {bounds.approved}",
        "review or generate more candidates",
    )


def _agreement_gate(agreement: DecisionAgreement, bounds: GateBounds) -> Gate:
    measured = agreement.alpha or agreement.share
    remedy = (
        "let the reviewers discuss the records on which they differ (`timbre review agreement` "
        "lists them) and correct their answers, or review more records, which narrows the interval"
    )
    if measured is None and not agreement.records:
        remedy = "let a second reviewer answer the same records (overlap = 2 in [review])"
    return Gate(
        AGREEMENT,
        measured is not None and measured.low >= bounds.agreement,
        agreement.description,
        f"a lower bound of at least {bounds.agreement:.2f}",
        remedy,
    )


def _duplicate_gate(pairs: Sequence[tuple[str, str]], bounds: GateBounds) -> Gate:
    first = f", first {pairs[0][0][:12]} and {pairs[0][1][:12]}" if pairs else ""
    return Gate(
        "no exact or near duplicates",
        not pairs,
        f"{len(pairs)} pairs{first}",
        f"no two texts with a similarity of {bounds.near_duplicate:.2f} or more",
        "reject one text of each pair",
    )


def _personal_data_gate(kinds: Mapping[str, Sequence[str]]) -> Gate:
    first = next((f", first {id[:12]} ({each[0]})" for id, each in kinds.items()), "")
    return Gate(
        "no personal data pattern",
        not kinds,
        f"{len(kinds)} records{first}",
        "no e-mail address, phone, card or account number",
        "edit or reject these records",
    )


def _length_gate(texts: Mapping[str, str], bounds: GateBounds) -> Gate:
    outside = [
        id
        for id, text in texts.items()
        if not bounds.shortest <= len(text.split()) <= bounds.longest
    ]
    return Gate(
        "length",
        not outside,
        f"{len(outside)} texts outside" + (f", first {outside[0][:12]}" if outside else ""),
        f"{bounds.shortest} to {bounds.longest} words",
        "edit or reject these records",
    )


def _balance_gate(traits: Counter[str], bounds: GateBounds) -> Gate:
    (common, most), (rare, fewest) = traits.most_common(1)[0], traits.most_common()[-1]
    return Gate(
        "balance of traits",
        fewest / most >= bounds.trait_balance,
        f"{fewest} records of “{rare}” and {most} of “{common}”",
        f"a ratio of at least {bounds.trait_balance:.2f}",
        f"approve or generate more records of “{rare}”",
    )


def _pair_count_gate(count: int, rejections: Mapping[str, int], bounds: GateBounds) -> Gate:
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(rejections.items()))
    return Gate(
        "minimum pairs",
        count >= bounds.pairs,
        f"{count} pairs" + (f" (rejected: {reasons})" if reasons else ""),
        f"at least {bounds.pairs}",
        "edit more candidates, review several answers to the same questions, vote on answers to "
        "training prompts, or add sources to `pairs` in [freeze]",
    )


def _vote_gate(votes: DecisionAgreement, bounds: GateBounds) -> Gate:
    measured = votes.alpha or votes.share
    return Gate(
        "agreement on the votes",
        measured is not None and measured.low >= bounds.vote_agreement,
        votes.description,
        f"a lower bound of at least {bounds.vote_agreement:.2f}",
        "have two or more people vote on the same answers and discuss those on which they differ, "
        "or remove `vote` from `pairs` in [freeze]",
    )


def _pair_length_gate(pairs: Sequence[Pair], bounds: GateBounds) -> Gate:
    logs: dict[PairSource, list[float]] = defaultdict(list)
    for pair in pairs:
        logs[pair.source].append(log(len(pair.chosen) / len(pair.rejected)))
    ratios = {source: exp(fmean(each)) for source, each in sorted(logs.items())}
    ratio = exp(fmean(each for source in logs.values() for each in source))
    by_source = ", ".join(f"{source} {each:.2f}" for source, each in ratios.items())
    return Gate(
        "length balance of pairs",
        1 / bounds.pair_length <= ratio <= bounds.pair_length,
        f"the chosen answers are {ratio:.2f} times as long as the rejected ones ({by_source})",
        f"{1 / bounds.pair_length:.2f} to {bounds.pair_length:.2f} times",
        f"approve {'shorter' if ratio > 1 else 'longer'} answers, or remove the source with the "
        "most uneven lengths from `pairs` in [freeze]",
    )
