"""Rows through a pipeline, out of it as candidates, past the checks: what both pipelines share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, Refusal
from pipelines.checks.candidates import CampaignChecks
from pipelines.engine import BATCH, walk
from pipelines.journal import Journal
from pipelines.plan import GenerationPlan
from pipelines.tasks import Row
from pipelines.teachers.recorded import Recorded


@dataclass(frozen=True)
class Generation:
    """One run: how to build its pipeline over a teacher, and a candidate from a row.

    `about` is what the teacher's replies are kept under: its name, parameters and seed.
    """

    plan: GenerationPlan
    teacher: LLM
    about: tuple[str, str, int]
    build: Callable[[LLM], Pipeline]
    make: Callable[[Row], Candidate]
    checks: CampaignChecks


def candidates(rows: Iterable[Row], generation: Generation) -> Iterator[Candidate | Refusal]:
    """Candidates as they come, and refusals of rows set aside and of what a check objects to.

    Stops at the plan's limit of candidates. A row carries `passage` (text) and `subject` (what
    a refusal before there is a candidate names).
    """
    plan = generation.plan
    taken = 0
    with Journal(plan.journal) as journal:
        teacher = Recorded.over(generation.teacher, generation.about, journal)
        for row in walk(generation.build(teacher), rows, min(BATCH, plan.limit or BATCH)):
            if taken == plan.limit:
                return
            record = _record(row, generation)
            taken += isinstance(record, Candidate)
            yield record


def _record(row: Row, generation: Generation) -> Candidate | Refusal:
    campaign = generation.plan.campaign
    if refused := row["refused"]:
        return Refusal(scope=campaign, stage="generate", subject=row["subject"], **refused)
    candidate = generation.make(row)
    finding = generation.checks.finding(candidate, row["passage"])
    if finding is None:
        return candidate
    return Refusal(
        scope=campaign,
        stage="check",
        subject=candidate.id,
        reason=finding.reason,
        detail=finding.detail,
        text=generation.checks.text(candidate),
    )
