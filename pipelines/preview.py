"""What a tone or persona file would make: the offline teacher's texts about two short passages."""

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import conversations
from pipelines.persona_file import Persona
from pipelines.personas import persona_candidates
from pipelines.plan import GenerationPlan
from pipelines.tone_file import Tone

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


def _passages() -> list[Passage]:
    return [
        Passage(article="preview", section="", position=n, text=text)
        for n, text in enumerate(_TEXTS)
    ]


def tone_preview(tone: Tone) -> list[Candidate | Rejection]:
    """A conversation about each of the passages, or why it would be refused."""
    return list(conversations(_passages(), tone, GenerationPlan("preview")))


def persona_preview(persona: Persona) -> list[Candidate | Rejection]:
    """A statement, a dialogue and a document about the first passage, or why one is refused."""
    return list(persona_candidates(_passages()[:1], persona, GenerationPlan("preview")))
