"""Rows through a pipeline, out of it as candidates, past the checks: what both pipelines share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, Provenance, Rejection
from pipelines.checks.candidates import CampaignChecks, judged
from pipelines.engine import walk
from pipelines.journal import Journal
from pipelines.meter import SPENT
from pipelines.plan import GenerationPlan
from pipelines.replies import RETRY
from pipelines.tasks import Row
from pipelines.teachers.cached import CachedLLM


@dataclass(frozen=True)
class Generation:
    """One run: how to build its pipeline over a teacher, and a candidate from a row.

    `about` is what the teacher's replies are kept under: its name, parameters and seed; `writes`
    says which column of a row holds the text that is judged.
    """

    plan: GenerationPlan
    teacher: LLM
    about: tuple[str, str, int]
    build: Callable[[LLM], Pipeline]
    make: Callable[[Row], Candidate]
    writes: Callable[[Row], str]
    checks: CampaignChecks


def candidates(rows: Iterable[Row], generation: Generation) -> Iterator[Candidate | Rejection]:
    """Candidates as they come, and refusals of rows set aside and of what a check objects to.

    Stops at the plan's limit of candidates, or where its meter says. A row carries `passage`
    (text) and `subject` (the passage's id). With `retry`, what was refused is asked for once more
    at the end, and comes again as a candidate or another refusal.
    """
    plan, taken, refused = generation.plan, 0, list[Row]()
    with Journal.copy_of(plan.journal) if plan.rehearse else Journal(plan.journal) as journal:
        teacher = CachedLLM.over(generation.teacher, generation.about, journal, plan.meter)

        def made(rows: Iterable[Row]) -> Iterator[tuple[Row, Candidate | Rejection]]:
            size = min(plan.batch, plan.limit or plan.batch)
            for row in walk(generation.build(teacher), rows, size):
                if plan.meter.stopped and (row["refused"] or {}).get("reason") == SPENT:
                    continue  # it was not asked for: nothing to say of it
                yield row, _record(row, generation)

        for row, record in made(_until_stopped(rows, plan)):
            if taken == plan.limit:
                return
            taken += isinstance(record, Candidate)
            if isinstance(record, Rejection) and plan.retry:
                refused.append(_to_ask_again(row, record, generation))
            yield record
        for _, record in made(_until_stopped(refused, plan)):
            yield record


def _until_stopped(rows: Iterable[Row], plan: GenerationPlan) -> Iterator[Row]:
    for row in rows:
        if plan.meter.stopped:
            return
        yield row


def _to_ask_again(row: Row, refusal: Rejection, generation: Generation) -> Row:
    writes = (row["refused"] or {}).get("writes") or generation.writes(row)
    reason = f"{refusal.reason} ({refusal.detail})" if refusal.stage == "check" else refusal.reason
    fault = {"writes": writes, "reason": reason, "text": refusal.text}
    return {**row, "refused": None, writes: None, "fault": fault}


def provenance(prompts: tuple[str, ...], row: Row, about: tuple[str, str, int]) -> Provenance:
    """How a row's text was written; one that was asked for anew also names the prompt for that."""
    return Provenance((*prompts, RETRY) if row.get("fault") else prompts, *about)


def _record(row: Row, generation: Generation) -> Candidate | Rejection:
    campaign, refused = generation.plan.campaign, row["refused"]
    if refused:
        kept = {name: refused[name] for name in ("reason", "detail", "text")}
        return Rejection(scope=campaign, stage="generate", subject=row["subject"], **kept)
    candidate = generation.make(row)
    finding = generation.checks.finding(candidate, row["passage"])
    if finding is None:
        return candidate
    return Rejection(
        scope=campaign,
        stage="check",
        subject=row["subject"],
        reason=finding.reason,
        detail=f"{candidate.question or candidate.kind}: {finding.detail}",
        text=judged(candidate),
    )
