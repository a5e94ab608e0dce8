"""Run a pipeline over rows, and check the candidates that it produces."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from db.records import Candidate, Provenance, Rejection, canonical
from pipelines.checks.campaign import CampaignChecks
from pipelines.engine import FIRST_BATCH, stream_rows
from pipelines.errors import TeacherError
from pipelines.journal import Journal
from pipelines.meter import LIMIT_REACHED
from pipelines.plan import GenerationPlan
from pipelines.prompting import prompt_label
from pipelines.replies import retry_prompt
from pipelines.tasks import Row
from pipelines.teachers.cached import CachedLLM, TeacherIdentity
from pipelines.teachers.registry import build_teacher, identify_teacher
from pipelines.voices.persona import Persona
from pipelines.voices.prompts import ADDITIONS
from pipelines.voices.tone import TonePhrases
from pipelines.worked_examples import WorkedExample, examples_digest

_MAX_DETAIL = 300


@dataclass
class _FirstFailures:
    """Ends a run if its first rows all fail for the same reason."""

    reason: str = ""
    count: int = 0
    is_over: bool = False

    def check(self, record: Candidate | Rejection) -> None:
        """Check the record of a row, and raise `TeacherError` at the third identical failure."""
        is_failure = isinstance(record, Rejection) and record.stage == "generate"
        if self.is_over or not isinstance(record, Rejection) or not is_failure:
            self.is_over = True
            return
        self.is_over = self.reason not in {"", record.reason}
        self.reason, self.count = record.reason, self.count + 1
        if self.count == FIRST_BATCH and not self.is_over:
            text = " ".join(record.text.split())
            detail = f" (“{text[:_MAX_DETAIL]}”)" if text else ""
            raise TeacherError(
                f"The first {self.count} texts failed for the same reason: {self.reason}{detail}. "
                "Fix that and run again, or add --keep-going to try the others."
            )


@dataclass(frozen=True)
class GenerationRun:
    """One run of a pipeline.

    `build` creates the pipeline for a teacher. Given a finished row, `prompts` returns the prompt
    names, `text_column` returns the column that contains the text, and `fields` returns the fields
    that are specific to this kind of candidate. `examples` are the worked examples that the teacher
    is shown. `parameters` are stored in the provenance, in addition to the teacher's parameters.
    """

    plan: GenerationPlan
    checks: CampaignChecks
    build: Callable[[LLM], Pipeline]
    prompts: Callable[[Row], tuple[str, ...]]
    text_column: Callable[[Row], str]
    fields: Callable[[Row], dict[str, Any]]
    examples: tuple[WorkedExample, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    def candidates(
        self, rows: Iterable[Row], phrases: TonePhrases | Persona
    ) -> Iterator[Candidate | Rejection]:
        """Yield a candidate or a rejection for each row, until a limit stops the run.

        Each row needs a `passage` (the text) and a `subject` (the id of the passage). The offline
        teacher builds its replies from `phrases`. If the plan's `retry` is true, rejected rows are
        processed once more at the end.

        Raises `TeacherError` if the first three rows fail for the same reason.
        """
        plan, count, rejected_rows = self.plan, 0, list[Row]()
        failures = _FirstFailures()
        for example in self.examples:
            self.checks.remember_example(example.text)
        llm, identity = build_teacher(plan, phrases), identify_teacher(plan, phrases)
        with (Journal.read_only if plan.dry_run else Journal)(plan.journal) as journal:
            teacher = CachedLLM.wrap(llm, identity, journal, plan.meter)
            for row, record in self._run(rows, teacher):
                if count == plan.limit:
                    return
                count += isinstance(record, Candidate)
                if isinstance(record, Rejection) and plan.retry:
                    rejected_rows.append(self._retry_row(row, record))
                yield record
                if not plan.keep_going:
                    failures.check(record)
            for _, record in self._run(rejected_rows, teacher):
                yield record

    def _run(
        self, rows: Iterable[Row], teacher: CachedLLM
    ) -> Iterator[tuple[Row, Candidate | Rejection]]:
        plan = self.plan
        batch_size = min(plan.batch, plan.limit or plan.batch)
        remaining = takewhile(lambda _: not plan.meter.is_stopped, rows)
        for row in stream_rows(self.build(teacher), remaining, batch_size):
            reason = (row["rejection"] or {}).get("reason")
            # A row that wasn't sent to the teacher because of a limit isn't a rejection.
            if not (plan.meter.is_stopped and reason == LIMIT_REACHED):
                yield row, self._check(row, teacher.identity)

    def _check(self, row: Row, identity: TeacherIdentity) -> Candidate | Rejection:
        reject = partial(Rejection, scope=self.plan.campaign, subject=row["subject"])
        if row["rejection"]:
            fields = {name: row["rejection"][name] for name in ("reason", "detail", "text")}
            return reject(stage=row["rejection"].get("stage", "generate"), **fields)
        prompts = self.prompts(row)
        if row.get("fault"):
            last = next(name for name in reversed(prompts) if name != ADDITIONS)
            prompts = (*prompts, retry_prompt(last))
        candidate = Candidate(
            campaign=self.plan.campaign,
            provenance=Provenance(
                tuple(map(prompt_label, prompts)), *self._with_parameters(identity)
            ),
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            **{"passage": row["subject"], **self.fields(row)},
        )
        failure = self.checks.run(candidate, row["passage"])
        if failure is None:
            return candidate
        detail = f"{candidate.question or candidate.kind}: {failure.detail}"
        return reject(
            stage="check", reason=failure.reason, detail=detail, text=candidate.review_text
        )

    def _with_parameters(self, identity: TeacherIdentity) -> TeacherIdentity:
        """Add the run's parameters and a hash of its worked examples to the teacher's identity."""
        examples = {"examples": examples_digest(self.examples)} if self.examples else {}
        if not examples and not self.parameters:
            return identity
        parameters = {**json.loads(identity.parameters), **examples, **self.parameters}
        return identity._replace(parameters=canonical(parameters))

    def _retry_row(self, row: Row, rejection: Rejection) -> Row:
        column = (row["rejection"] or {}).get("writes") or self.text_column(row)
        reason, is_whole = rejection.reason, rejection.stage == "check"
        if is_whole:
            reason = f"{reason} ({rejection.detail})"
        fault = {"writes": column, "reason": reason, "text": rejection.text, "is_whole": is_whole}
        return {**row, "rejection": None, column: None, "fault": fault}
