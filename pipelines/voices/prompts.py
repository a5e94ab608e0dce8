"""Prompts that ask a model, at inference time, to answer in a tone or as a persona."""

from pipelines.prompting import render_exactly
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone


def rules_prompt(voice: Tone | Persona) -> str:
    """A long system prompt: everything that a tone or persona file says about how to answer."""
    return _render("rules.v1", voice)


def rewrite_prompt(voice: Tone | Persona) -> str:
    """The second user turn that asks for a rewrite of an answer outside the tone or persona."""
    return _render("rewrite.v1", voice)


def _render(name: str, voice: Tone | Persona) -> str:
    block = "persona" if isinstance(voice, Persona) else "tone"
    return render_exactly(name, block, **{block: voice}).removesuffix("\n")
