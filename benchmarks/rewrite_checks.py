"""How many faulty rewrites the checks catch, and how many good ones they reject.

Run: `python -m benchmarks.rewrite_checks [--record]`. `rewrites.jsonl` contains the rewrites of the
sample by the teacher that docs/benchmarks/rewrite_checks.md names. Each was read beside its source
and labelled: whether it adds, changes or drops something that matters.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import publish
from db.records import Candidate, CandidateKind, Interval, Message, Provenance, Role
from evaluation.statistics import wilson
from pipelines.checks.campaign import CampaignChecks

REWRITES = Path(__file__).parent / "rewrites.jsonl"
FAULTS = ("added", "changed", "dropped")


@dataclass(frozen=True)
class LabelledRewrite:
    """A rewrite with its sources, its fault (empty if it's faithful), and why it was rejected."""

    text: str
    fault: str
    rejection: str


def read_rewrites() -> Iterator[LabelledRewrite]:
    """The labelled rewrites, checked as in a campaign."""
    checks = CampaignChecks()
    for line in REWRITES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        candidate = Candidate(
            campaign="benchmark",
            kind=CandidateKind.CONVERSATION,
            provenance=Provenance((), "", "{}", 0),
            messages=(Message(Role.USER, row["passage"]), Message(Role.ASSISTANT, row["answer"])),
            reference=row["plain"],
        )
        failure = checks.run(candidate, row["passage"])
        yield LabelledRewrite(row["answer"], row["fault"], failure.reason if failure else "")


def main(option: str = "") -> None:
    """Print or record the tables."""
    rows = list(read_rewrites())
    copies = [row for row in rows if row.rejection in {"copied", "length"}]
    rest = [row for row in rows if row not in copies]
    faulty = [row for row in rest if row.fault]
    rejections = [row for row in rest if row.rejection]
    caught = [row for row in faulty if row.rejection]
    accepted = len(rest) - len(rejections)
    faithful = accepted - (len(faulty) - len(caught))
    lines = [
        f"{len(rows)} rewrites, of which {len(copies)} are rejected as copies or for their length. "
        f"Of the other {len(rest)}, {len(faulty)} have a fault.",
        "",
        f"Recall {_share(len(caught), len(faulty))}; precision "
        f"{_share(len(caught), len(rejections))}. Accepted rewrites without a fault: "
        f"{_share(faithful, accepted)}.",
        "",
        "| fault | rewrites | caught |",
        "| --- | --- | --- |",
    ]
    for fault in FAULTS:
        group = [row for row in faulty if row.fault == fault]
        found = sum(bool(row.rejection) for row in group)
        lines.append(f"| {fault} | {len(group)} | {_share(found, len(group))} |")
    reasons = Counter((row.rejection, bool(row.fault)) for row in rejections)
    lines += ["", "| reason | with a fault | without |", "| --- | --- | --- |"]
    for reason in sorted({reason for reason, _ in reasons}):
        lines.append(f"| {reason} | {reasons[reason, True]} | {reasons[reason, False]} |")
    publish("rewrite_checks", lines, option == "--record")


def _share(count: int, total: int) -> str:
    interval: Interval = wilson(count, total)
    return (
        f"{count} of {total} ({interval.estimate:.0%}, {interval.low:.0%} to {interval.high:.0%})"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
