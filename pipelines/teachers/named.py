"""A teacher by the string that names it."""

import re

from distilabel.models.llms.base import LLM
from pydantic import SecretStr

from db.records import canonical, digest, plain
from pipelines.errors import TeacherError
from pipelines.persona_file import Persona
from pipelines.plan import GenerationPlan
from pipelines.teachers.borrowed import MODULE, borrowed
from pipelines.teachers.endpoint import Endpoint
from pipelines.teachers.handed import Handed
from pipelines.teachers.phrasebook import Phrasebook
from pipelines.teachers.rehearsal import Rehearsal
from pipelines.teachers.spread import Spread
from pipelines.tone_file import TonePhrases

PHRASEBOOK = "phrasebook"
_NAMED = re.compile(r"(?P<kind>[\w.]+):(?P<model>[^@\s]+)(?:@(?P<url>\S+))?")
_HOMES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
}
EXPECTED = (
    "“phrasebook”, “openai:MODEL@URL”, “anthropic:MODEL”, “transformers:PATH”, “vllm:MODEL” or "
    f"“{MODULE}.CLASS:MODEL”"
)


def teacher(plan: GenerationPlan, phrases: TonePhrases | Persona) -> LLM:
    """The teacher a plan names, with the phrases that the phrasebook writes with.

    Raises `TeacherError` if no teacher is called so, or its address is none to ask.
    """
    made = _named(plan, phrases)
    return Spread(teacher=made, address=plan.ray) if plan.ray and not plan.rehearse else made


def _named(plan: GenerationPlan, phrases: TonePhrases | Persona) -> LLM:
    if plan.teacher == PHRASEBOOK:
        tone = phrases if isinstance(phrases, TonePhrases) else None
        persona = phrases if isinstance(phrases, Persona) else None
        return Phrasebook(seed=plan.seed, tone=tone, persona=persona)
    kind, model, url = parts(plan.teacher)
    if plan.rehearse:
        return Rehearsal()
    if kind in _HOMES:
        return _endpoint(plan, kind, model, url)
    if kind == "transformers":
        return Handed.over(plan.teacher, plan.lent.writer)
    return borrowed(f"{MODULE}.vLLM" if kind == "vllm" else kind, model, url, plan)


def parts(name: str) -> tuple[str, str, str]:
    """A teacher's kind, its model and its URL; `phrasebook` has a kind alone.

    Raises `TeacherError` if no teacher is called so.
    """
    if name == PHRASEBOOK:
        return PHRASEBOOK, "", ""
    named = _NAMED.fullmatch(name)
    known = {*_HOMES, "transformers", "vllm"}
    if named is None or (named["kind"] not in known and "." not in named["kind"]):
        raise TeacherError(f"found the teacher “{name}”, expected {EXPECTED}")
    return named["kind"], named["model"], named["url"] or _HOMES.get(named["kind"], "")


def _endpoint(plan: GenerationPlan, kind: str, model: str, url: str) -> Endpoint:
    return Endpoint(
        model=model,
        url=url,
        dialect=kind,
        key=SecretStr(plan.api_key),
        seed=plan.seed,
        temperature=plan.temperature,
        max_tokens=plan.max_tokens,
        concurrency=plan.concurrency,
    ).counted_by(plan.meter)


def parameters(plan: GenerationPlan, phrases: TonePhrases | Persona) -> str:
    """What a teacher writes with beside the prompt and seed, as canonical JSON.

    For the phrasebook it is the hash of its phrases, which no prompt shows.
    """
    if plan.teacher == PHRASEBOOK:
        return canonical({"phrases": digest(canonical(plain(phrases)))[:16]})
    return canonical({"temperature": plan.temperature, "max_tokens": plan.max_tokens})
