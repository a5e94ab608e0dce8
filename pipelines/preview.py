"""Preview a tone or persona with texts that the offline teacher writes about two short passages."""

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import generate_conversations
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone

_TEXTS = (
    "A lighthouse is a tower with a strong lamp that guides ships along a coast. The lamp stands "
    "behind a lens, which gathers its light into a beam. Keepers lived beside the tower until the "
    "twentieth century, when electric lamps began to replace oil, and most of them had left by "
    "1990. Every lighthouse has a rhythm of its own, so that a captain can tell one from another.",
    "The common loom is a machine for weaving cloth. It holds one set of threads under tension, "
    "and the weaver passes another thread between them with a shuttle. Looms are found in most "
    "parts of the world, although they differ in size and form. In 1785, Edmund Cartwright "
    "received a patent for a loom that was driven by power.",
)
_PASSAGES = [
    Passage(article="preview", section="", position=n, text=text) for n, text in enumerate(_TEXTS)
]


def preview_tone(tone: Tone) -> list[Candidate | Rejection]:
    """For each passage, return a conversation, or a rejection if none could be written."""
    return list(generate_conversations(_PASSAGES, tone, GenerationPlan("preview")))


def preview_persona(persona: Persona) -> list[Candidate | Rejection]:
    """Return a statement, dialogue and document about the first passage.

    A text that isn't valid is replaced by a rejection.
    """
    return list(generate_persona_texts(_PASSAGES[:1], persona, GenerationPlan("preview")))
