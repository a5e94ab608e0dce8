"""A teacher by the string that names it in a campaign: `phrasebook`."""

from distilabel.models.llms.base import LLM

from db.records import canonical, digest, plain
from pipelines.errors import TeacherError
from pipelines.persona_file import Persona
from pipelines.teachers.phrasebook import Phrasebook
from pipelines.tone_file import TonePhrases


def teacher(
    name: str,
    *,
    seed: int = 0,
    tone: TonePhrases | None = None,
    persona: Persona | None = None,
) -> LLM:
    """The teacher a string names.

    Raises `TeacherError` if no teacher is called so.
    """
    if name == "phrasebook":
        return Phrasebook(seed=seed, tone=tone, persona=persona)
    raise TeacherError(f"found the teacher “{name}”, expected “phrasebook”")


def parameters(name: str, phrases: TonePhrases | Persona) -> str:
    """What a teacher writes with beside the prompt and seed, as canonical JSON.

    For the phrasebook it is the hash of its phrases, which no prompt shows.
    """
    if name == "phrasebook":
        return canonical({"phrases": digest(canonical(plain(phrases)))[:16]})
    return canonical({})
