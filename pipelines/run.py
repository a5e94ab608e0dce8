"""Runs a pipeline over rows and checks the candidates that come out: what all pipelines share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, Provenance, Rejection
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import stream_rows
from pipelines.journal import Journal
from pipelines.meter import LIMIT_REACHED
from pipelines.plan import GenerationPlan
from pipelines.replies import RETRY
from pipelines.tasks import Row
from pipelines.teachers.cached import CachedLLM, TeacherIdentity


@dataclass(frozen=True)
class GenerationRun:
    """One run of a pipeline.

    `build_candidate` makes a candidate of a finished row, and `text_column` names the column with
    the row's finished text.
    """

    plan: GenerationPlan
    teacher: LLM
    identity: TeacherIdentity
    checks: CampaignChecks
    build_pipeline: Callable[[LLM], Pipeline]
    build_candidate: Callable[[Row], Candidate]
    text_column: Callable[[Row], str]

    def candidates(self, rows: Iterable[Row]) -> Iterator[Candidate | Rejection]:
        """Yield candidates, and rejections of rows without a text or whose text fails a check.

        Stops at the plan's limit of candidates, or when its meter reaches a limit. A row needs
        `passage` (a text) and `subject` (the passage's id). With `retry`, rejected rows run once
        more at the end, and each then yields a candidate or another rejection.
        """
        plan, count, rejected_rows = self.plan, 0, list[Row]()
        open_journal = Journal.read_only if plan.dry_run else Journal
        with open_journal(plan.journal) as journal:
            teacher = CachedLLM.wrap(self.teacher, self.identity, journal, plan.meter)
            for row, record in self._run(rows, teacher):
                if count == plan.limit:
                    return
                count += isinstance(record, Candidate)
                if isinstance(record, Rejection) and plan.retry:
                    rejected_rows.append(self._retry_row(row, record))
                yield record
            for _, record in self._run(rejected_rows, teacher):
                yield record

    def _run(
        self, rows: Iterable[Row], teacher: LLM
    ) -> Iterator[tuple[Row, Candidate | Rejection]]:
        plan = self.plan
        batch_size = min(plan.batch, plan.limit or plan.batch)
        remaining = _until_stopped(rows, plan)
        for row in stream_rows(self.build_pipeline(teacher), remaining, batch_size):
            # A row the teacher wasn't asked about, because of a limit, isn't rejected.
            if not (plan.meter.is_stopped and _reason(row) == LIMIT_REACHED):
                yield row, self._check(row)

    def _check(self, row: Row) -> Candidate | Rejection:
        if row["rejection"]:
            fields = {name: row["rejection"][name] for name in ("reason", "detail", "text")}
            return Rejection(
                scope=self.plan.campaign, stage="generate", subject=row["subject"], **fields
            )
        candidate = self.build_candidate(row)
        failure = self.checks.run(candidate, row["passage"])
        if failure is None:
            return candidate
        return Rejection(
            scope=self.plan.campaign,
            stage="check",
            subject=row["subject"],
            reason=failure.reason,
            detail=f"{candidate.question or candidate.kind}: {failure.detail}",
            text=candidate.review_text,
        )

    def _retry_row(self, row: Row, rejection: Rejection) -> Row:
        column = (row["rejection"] or {}).get("writes") or self.text_column(row)
        reason = rejection.reason
        if rejection.stage == "check":
            reason = f"{reason} ({rejection.detail})"
        fault = {"writes": column, "reason": reason, "text": rejection.text}
        return {**row, "rejection": None, column: None, "fault": fault}


def _until_stopped(rows: Iterable[Row], plan: GenerationPlan) -> Iterator[Row]:
    for row in rows:
        if plan.meter.is_stopped:
            return
        yield row


def _reason(row: Row) -> str | None:
    return (row["rejection"] or {}).get("reason")


def provenance(prompts: tuple[str, ...], row: Row, teacher: TeacherIdentity) -> Provenance:
    """The prompts and the teacher that wrote a row's text; a retried row adds the retry prompt."""
    return Provenance((*prompts, RETRY) if row.get("fault") else prompts, *teacher)
