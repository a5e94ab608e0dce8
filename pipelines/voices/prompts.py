"""Build the parts of prompts that describe a voice, for inference and for teachers."""

from pipelines.plan import VoiceRules
from pipelines.prompting import render_block, render_exactly
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone


def rules_prompt(voice: Tone | Persona) -> str:
    """Build a long system prompt from all instructions in a tone or persona file."""
    return _render("rules.v1", voice)


def rewrite_prompt(voice: Tone | Persona) -> str:
    """Build a user turn that asks the model to rewrite its answer in the tone or as the persona."""
    return _render("rewrite.v1", voice)


def _render(name: str, voice: Tone | Persona) -> str:
    block = "persona" if isinstance(voice, Persona) else "tone"
    return render_exactly(name, block, **{block: voice}).removesuffix("\n")


ADDITIONS = "additions.v1"


def language_addition(rules: VoiceRules) -> str:
    """Return an instruction to write in the voice's language, or an empty string for English."""
    return _addition("language", language=rules.language) if rules.language else ""


def answer_addition(voice: Tone | Persona, rules: VoiceRules, requirements: tuple[str, ...]) -> str:
    """Return instructions about language, samples and requirements, to be added to a prompt."""
    samples = voice.samples if isinstance(voice, Tone) else ()
    parts = [language_addition(rules)]
    if samples:
        parts.append(_addition("samples", samples=samples))
    if requirements:
        parts.append(_addition("requirements", requirements=requirements))
    return "\n\n".join(filter(None, parts))


def _addition(block: str, **values: object) -> str:
    return render_block(ADDITIONS, block, **values)
