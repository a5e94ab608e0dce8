"""Sample candidates, written by the campaign's own teacher, with their scores."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from db.records import Candidate, Message, Rejection, Role
from db.store import Store
from pipelines.errors import TeacherError
from timbre.campaign import Campaign
from timbre.settings import Settings
from timbre.workflows.generate.plan import GenerateOptions, generation_plan, plan_resources
from timbre.workflows.generate.run import rewrite_campaign_chats, run_pipeline
from timbre.workflows.setup.finding import Finding
from timbre.workflows.setup.material import Material, usable_passages
from trainer.errors import TrainerError

SAMPLES = 3
_TRIED = 9
"""The maximum number of passages from which samples are generated."""
_EXCERPT = 90


def explain(rejection: Rejection) -> str:
    """Say why a text was rejected, and quote how it begins."""
    text = " ".join(rejection.text.split())
    quoted = f"“{text[:_EXCERPT]}…”" if len(text) > _EXCERPT else f"“{text}”" if text else ""
    return " ".join(filter(None, (rejection.detail, quoted)))


def check_samples(
    store: Store, campaign: Campaign, settings: Settings, material: Material
) -> Iterator[Finding]:
    """Generate and score a few candidates, and keep the paid replies in the journal."""
    plan = generation_plan(campaign, settings, GenerateOptions())
    resources = replace(plan_resources(store, campaign, plan), existing=(), embed=None)
    plan = replace(plan, limit=SAMPLES, resources=resources)
    passages = usable_passages(campaign, material)[:_TRIED]
    try:
        if passages:
            records = islice(run_pipeline(campaign, passages, plan), _TRIED * 3)
            yield from _describe_samples(campaign, "sample", records)
        if material.chats:
            records = islice(rewrite_campaign_chats(campaign, plan), _TRIED)
            yield from _describe_samples(campaign, "rewritten sample", records)
    except (TeacherError, TrainerError) as error:
        yield Finding("samples", False, str(error))


def _describe_samples(
    campaign: Campaign, name: str, results: Iterable[Candidate | Rejection]
) -> Iterator[Finding]:
    records = list(results)
    candidates = [record for record in records if isinstance(record, Candidate)]
    for number, candidate in enumerate(candidates[:SAMPLES], 1):
        yield Finding(f"{name} {number}", True, _describe(campaign, candidate))
    rejections = [record for record in records if isinstance(record, Rejection)]
    if rejections:
        reasons = "".join(f"\n  {r.reason}: {explain(r)}" for r in rejections[:SAMPLES])
        share = f"{len(rejections)} of {len(records)}" if candidates else "all"
        detail = f"The checks rejected {share} of the teacher's texts:{reasons}"
        yield Finding(f"{name}s", bool(candidates), detail)


def _describe(campaign: Campaign, candidate: Candidate) -> str:
    """Return a candidate's text and its score."""
    question = f"{candidate.question}\n  " if candidate.question else ""
    score = _describe_score(campaign, candidate)
    return f"{question}{candidate.review_text}{score}"


def _describe_score(campaign: Campaign, candidate: Candidate) -> str:
    """Say whether each answer meets the criterion, and what is missing."""
    criterion = campaign.criterion
    if criterion is None:
        return ""
    turns = candidate.messages or (Message(Role.ASSISTANT, candidate.text),)
    answers = [m.content for m in turns if m.role is Role.ASSISTANT and m.has_loss]
    is_met = all(criterion.measure(text)[criterion.feature.name] > 0 for text in answers)
    problems = (problem for text in answers for problem in criterion.find_problems(text))
    reasons = f" ({'; '.join(dict.fromkeys(problems))})" if not is_met else ""
    return f"\n  {criterion.feature.label}: {'yes' if is_met else 'no'}{reasons}"
