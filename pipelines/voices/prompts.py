"""Build what prompts say about a voice: at inference time, and at the end of teachers' prompts."""

from pipelines.plan import VoiceRules
from pipelines.prompting import render_block, render_exactly
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone


def rules_prompt(voice: Tone | Persona) -> str:
    """Build a long system prompt from all instructions in a tone or persona file."""
    return _render("rules.v1", voice)


def rewrite_prompt(voice: Tone | Persona) -> str:
    """Build the second user turn, which asks for a rewrite of an answer in the tone or persona."""
    return _render("rewrite.v1", voice)


def _render(name: str, voice: Tone | Persona) -> str:
    block = "persona" if isinstance(voice, Persona) else "tone"
    return render_exactly(name, block, **{block: voice}).removesuffix("\n")


ADDITIONS = "additions.v1"


def language_addition(rules: VoiceRules) -> str:
    """The end of a prompt in a language other than English; empty in English."""
    return _addition("language", language=rules.language) if rules.language else ""


def answer_addition(voice: Tone | Persona, rules: VoiceRules, requirements: tuple[str, ...]) -> str:
    """The end of a prompt for texts in a voice: language, samples and requirements, if any."""
    samples = voice.samples if isinstance(voice, Tone) else ()
    parts = [language_addition(rules)]
    if samples:
        parts.append(_addition("samples", samples=samples))
    if requirements:
        parts.append(_addition("requirements", requirements=requirements))
    return "\n\n".join(filter(None, parts))


def _addition(block: str, **values: object) -> str:
    return render_block(ADDITIONS, block, **values)
