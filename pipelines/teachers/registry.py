"""Create teachers from their names.

To add a teacher, copy the file of a similar one (`endpoints/openai.py` for an HTTP protocol,
`callable.py` for anything else) and add its kind to `_TEACHERS`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from db.records import canonical, digest, plain
from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.batched import build_batched
from pipelines.teachers.cached import TeacherIdentity
from pipelines.teachers.callable import CallableLLM
from pipelines.teachers.completion import Teacher
from pipelines.teachers.distilabel_llm import MODULE, build_distilabel_llm
from pipelines.teachers.dry_run import DryRunLLM
from pipelines.teachers.endpoints.anthropic import AnthropicEndpoint
from pipelines.teachers.endpoints.openai import AzureEndpoint, OpenAIEndpoint
from pipelines.teachers.local import LocalLLM
from pipelines.teachers.phrasebook.llm import PhrasebookLLM
from pipelines.teachers.ray import RayLLM
from pipelines.teachers.recorded import build_recorded, read_card
from pipelines.voices.persona import Persona
from pipelines.voices.tone import TonePhrases

PHRASEBOOK = "phrasebook"
OLLAMA_URL = "http://127.0.0.1:11434/v1"
_TEACHERS: dict[str, Callable[[GenerationPlan, str, str], Teacher]] = {
    "anthropic": AnthropicEndpoint.from_plan,
    "openai": OpenAIEndpoint.from_plan,
    "local": LocalLLM.from_plan,
    "ollama": lambda plan, model, url: OpenAIEndpoint.from_plan(plan, model, url or OLLAMA_URL),
    "azure": AzureEndpoint.from_plan,
    "transformers": lambda plan, model, url: CallableLLM(
        name=plan.teacher, loader=plan.resources.writer
    ),
    "recorded": build_recorded,
    "vllm": partial(build_distilabel_llm, f"{MODULE}.vLLM"),
}
_NAME = re.compile(r"(?P<kind>[\w.]+):(?P<model>[^@\s]+)(?:@(?P<url>\S+))?")


@dataclass(frozen=True)
class TeacherName:
    """The parts of a teacher's name, such as “openai:MODEL@URL”; missing parts are empty."""

    kind: str
    model: str = ""
    url: str = ""


def parse_name(name: str) -> TeacherName:
    """Parse a teacher's name. Raises `TeacherError` if there is no such teacher."""
    if name == PHRASEBOOK:
        return TeacherName(PHRASEBOOK)
    match = _NAME.fullmatch(name)
    if match is None or (match["kind"] not in _TEACHERS and "." not in match["kind"]):
        raise TeacherError(
            f"There is no teacher called “{name}”. Use “{PHRASEBOOK}”, “KIND:MODEL” or "
            f"“KIND:MODEL@URL”, where KIND is {', '.join(_TEACHERS)} or {MODULE}.CLASS."
        )
    return TeacherName(match["kind"], match["model"], match["url"] or "")


def build_teacher(plan: GenerationPlan, phrases: TonePhrases | Persona) -> Teacher:
    """Create the teacher that a plan names. `phrases` is used only by the phrasebook.

    Raises `TeacherError` if there is no such teacher or the URL is invalid.
    """
    name = parse_name(plan.teacher)
    if name.kind == PHRASEBOOK:
        teacher: Teacher = PhrasebookLLM(seed=plan.seed, phrases=phrases)
    elif plan.dry_run:
        teacher = DryRunLLM()
    else:
        build = _TEACHERS.get(name.kind) or partial(build_distilabel_llm, name.kind)
        teacher = build(plan, name.model, name.url)
    if plan.by_batches and not plan.dry_run:
        return build_batched(teacher, plan)
    if plan.ray and not plan.dry_run:
        return RayLLM(name=teacher.model_name, teacher=teacher, address=plan.ray)
    return teacher


def identify_teacher(plan: GenerationPlan, phrases: TonePhrases | Persona) -> TeacherIdentity:
    """Return the plan's settings that, together with the prompts, determine the replies.

    For the phrasebook, the parameters are a hash of the phrases, because prompts don't contain the
    phrases.
    """
    if plan.teacher == PHRASEBOOK:
        if isinstance(phrases, Persona):
            phrases_id = phrases.fingerprint
        else:
            phrases_id = digest(canonical(plain(phrases)))
        parameters = canonical({"phrases": phrases_id[:16]})
    elif plan.teacher.startswith("recorded:"):
        parameters = read_card(plan.teacher.partition(":")[2]).provenance
    else:
        parameters = canonical({"temperature": plan.temperature, "max_tokens": plan.max_tokens})
    return TeacherIdentity(plan.teacher, parameters, plan.seed)
