"""A teacher by the string that names it: `phrasebook`, or `openai:MODEL@URL`."""

import re

from distilabel.models.llms.base import LLM
from pydantic import SecretStr

from db.records import canonical, digest, plain
from pipelines.errors import TeacherError
from pipelines.persona_file import Persona
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoint import Endpoint
from pipelines.teachers.phrasebook import Phrasebook
from pipelines.tone_file import TonePhrases

_ENDPOINT = re.compile(r"openai:(?P<model>[^@\s]+)(?:@(?P<url>\S+))?")
_OPENAI = "https://api.openai.com/v1"


def teacher(plan: GenerationPlan, phrases: TonePhrases | Persona) -> LLM:
    """The teacher a plan names, with the phrases that the phrasebook writes with.

    Raises `TeacherError` if no teacher is called so, or its address is none to ask.
    """
    if plan.teacher == "phrasebook":
        tone = phrases if isinstance(phrases, TonePhrases) else None
        persona = phrases if isinstance(phrases, Persona) else None
        return Phrasebook(seed=plan.seed, tone=tone, persona=persona)
    if named := _ENDPOINT.fullmatch(plan.teacher):
        return Endpoint(
            model=named["model"],
            url=named["url"] or _OPENAI,
            key=SecretStr(plan.api_key),
            seed=plan.seed,
            temperature=plan.temperature,
            max_tokens=plan.max_tokens,
            concurrency=plan.concurrency,
        )
    raise TeacherError(
        f"found the teacher “{plan.teacher}”, expected “phrasebook” or “openai:MODEL@URL”"
    )


def parameters(plan: GenerationPlan, phrases: TonePhrases | Persona) -> str:
    """What a teacher writes with beside the prompt and seed, as canonical JSON.

    For the phrasebook it is the hash of its phrases, which no prompt shows.
    """
    if plan.teacher == "phrasebook":
        return canonical({"phrases": digest(canonical(plain(phrases)))[:16]})
    return canonical({"temperature": plan.temperature, "max_tokens": plan.max_tokens})
