"""Build prompts that ask a model to answer in a tone or as a persona at inference time."""

from pipelines.prompting import render_exactly
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
