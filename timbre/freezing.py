"""A campaign's approved records frozen into a version, if its gates let it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from annotation.agreement import krippendorff_alpha
from annotation.review import verdicts
from db.records import (
    Candidate,
    CandidateKind,
    Decision,
    Gate,
    Passage,
    Review,
    Verdict,
    Version,
)
from db.store import Store
from db.versions import FreezePlan, Splits, freeze
from pipelines.checks import near_duplicates, pii
from timbre.campaign import Campaign, Gates

Approved = tuple[Candidate, Verdict, str | None]
