"""The gates a version must pass, from figures that the stages compute."""

from collections import Counter
from collections.abc import Sequence

from db.records import Candidate, Gate, Interval, Verdict, messages_to_text
from pipelines.checks.near_duplicates import near_duplicates
from pipelines.checks.pii import pii
from timbre.campaign import Gates
from timbre.versions import agreed

AGREEMENT = "agreement on the decision"  # the name of its gate
Approved = tuple[Candidate, Verdict, str | None]


def quality_gates(
    approved: Sequence[Approved], agreement: Interval | None, bounds: Gates
) -> tuple[Gate, ...]:
    """Each gate with what was found, expected and to be done.

    Args:
        approved: The approved candidates with their verdicts and article ids.
        agreement: Krippendorff's alpha of the decision over records that two or more judged, None
            where there is none or it is undefined.
        bounds: What the campaign asks for.

    Returns:
        The gates, passed or not.
    """
    texts = {candidate.id: final_text(candidate, verdict) for candidate, verdict, _ in approved}
    gates = (
        _enough(len(approved), bounds),
        _agreement(agreement, bounds),
        _duplicates(texts, bounds),
        _pii(texts),
        _lengths(texts, bounds),
    )
    traits = Counter(trait for candidate, _, _ in approved for trait in candidate.traits)
    return (*gates, _balance(traits, bounds)) if traits else gates


def final_text(candidate: Candidate, verdict: Verdict) -> str:
    """The text that would be trained on: a reviewer's edit, or else the candidate's own."""
    if verdict.text is not None:
        return verdict.text
    if len(candidate.messages) > 2:
        return messages_to_text(candidate.messages)
    return candidate.messages[-1].content if candidate.messages else candidate.text


def _enough(found: int, bounds: Gates) -> Gate:
    return Gate(
        "minimum approved",
        found >= bounds.approved,
        f"{found} approved records",
        f"at least {bounds.approved}",
        "review more candidates, or generate more",
    )


def _agreement(found: Interval | None, bounds: Gates) -> Gate:
    neither = "no record that two reviewers judged, or no variation in their decisions"
    said = agreed(found) if found else neither
    return Gate(
        AGREEMENT,
        found is not None and found.low >= bounds.agreement,
        said,
        f"a lower end of at least {bounds.agreement:.2f}",
        "talk over the records that reviewers differ on, sharpen the guidelines, review again",
    )


def _duplicates(texts: dict[str, str], bounds: Gates) -> Gate:
    pairs = near_duplicates(texts.items(), bounds.near_duplicate)
    first = f", first {pairs[0][0][:12]} and {pairs[0][1][:12]}" if pairs else ""
    return Gate(
        "no exact or near duplicates",
        not pairs,
        f"{len(pairs)} pairs{first}",
        f"no two texts with a similarity of {bounds.near_duplicate:.2f} or more",
        "reject one of each pair",
    )


def _pii(texts: dict[str, str]) -> Gate:
    found = {record: kinds for record, text in texts.items() if (kinds := pii(text))}
    first = next(iter(found.items()), None)
    return Gate(
        "no personal data pattern",
        not found,
        f"{len(found)} records" + (f", first {first[0][:12]} ({first[1][0]})" if first else ""),
        "no e-mail address, phone, card or account number",
        "edit these records or reject them",
    )


def _lengths(texts: dict[str, str], bounds: Gates) -> Gate:
    outside = [
        record
        for record, text in texts.items()
        if not bounds.shortest <= len(text.split()) <= bounds.longest
    ]
    return Gate(
        "length",
        not outside,
        f"{len(outside)} texts outside" + (f", first {outside[0][:12]}" if outside else ""),
        f"{bounds.shortest} to {bounds.longest} words",
        "edit these records or reject them",
    )


def _balance(traits: Counter[str], bounds: Gates) -> Gate:
    (common, most), (rare, fewest) = traits.most_common(1)[0], traits.most_common()[-1]
    return Gate(
        "balance of traits",
        fewest / most >= bounds.trait_balance,
        f"{fewest} records of “{rare}” beside {most} of “{common}”",
        f"a ratio of at least {bounds.trait_balance:.2f}",
        f"approve or generate more records of “{rare}”",
    )
