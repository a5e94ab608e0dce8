"""Check in advance whether a teacher can write in a certain voice."""

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.teachers.endpoints.probe import find_problem
from pipelines.teachers.local import LocalLLM
from pipelines.teachers.registry import PHRASEBOOK, build_teacher, parse_name
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone, TonePhrases

_WRITES = "en"
"""The only language in which the offline teacher can write."""


def find_ability_problem(plan: GenerationPlan, voice: Tone | Persona) -> str:
    """Return why a plan's teacher can't write in a voice, or an empty string if it can.

    This check doesn't contact the teacher.
    """
    try:
        name = parse_name(plan.teacher)
    except TeacherError as error:
        return str(error)
    return find_phrasebook_problem(voice) if name.kind == PHRASEBOOK else ""


def find_phrasebook_problem(voice: Tone | Persona) -> str:
    """Return why the offline teacher can't write in a voice, or an empty string if it can."""
    if voice.language != _WRITES:
        return (
            f"The teacher “{PHRASEBOOK}” writes English only, but “{voice.name}” has the language "
            f"“{voice.language}”. Name a model as `teacher` in [generate]."
        )
    if isinstance(voice, Tone) and voice.phrasebook == TonePhrases():
        return (
            f"The teacher “{PHRASEBOOK}” can't write the tone “{voice.name}”, because its file has "
            "no [phrasebook]. Add that section, or name a model as `teacher` in [generate]."
        )
    return ""


def find_teacher_problem(plan: GenerationPlan, voice: Tone | Persona) -> str:
    """Return why a teacher can't write in a voice or can't be reached, or an empty string."""
    problem = find_ability_problem(plan, voice)
    if problem:
        return problem
    phrases = voice if isinstance(voice, Persona) else voice.phrasebook
    try:
        teacher = build_teacher(plan, phrases)
    except TeacherError as error:
        return str(error)
    # A local model's process only starts with the first sample, which then shows any problem.
    is_remote = isinstance(teacher, Endpoint) and not isinstance(teacher, LocalLLM)
    return find_problem(teacher) if is_remote else ""
