"""What a campaign's reviewers are told and asked, taken from its tone or persona file."""

from annotation.review_settings import Move, ReviewSettings, ScalePoint, TraitLabel
from pipelines.persona_file import Persona, load_persona
from pipelines.tone_file import Tone, load_tone
from timbre.campaign import Campaign
from timbre.settings import config_file

VECTOR = 384
MEASURES = ("flesch_reading_ease", "words_per_sentence")


def review_settings(campaign: Campaign) -> ReviewSettings:
    """The review settings of a campaign."""
    if campaign.tone:
        return _of_tone(load_tone(config_file("tones", campaign.tone)), campaign.review.overlap)
    persona = load_persona(config_file("personas", campaign.persona))
    return _of_persona(persona, campaign.review.overlap)


def _of_tone(tone: Tone, overlap: int) -> ReviewSettings:
    return ReviewSettings(
        subject=tone.name,
        description=tone.description,
        scale_question=tone.scale.question,
        scale=tuple(ScalePoint(a.value, a.label, a.example) for a in tone.scale.anchors),
        moves=tuple(Move(g.do, g.plain, g.rewritten) for g in tone.guidelines),
        overlap=overlap,
        vector=VECTOR,
        measures=MEASURES,
    )


def _of_persona(persona: Persona, overlap: int) -> ReviewSettings:
    return ReviewSettings(
        subject=persona.name,
        description=persona.description,
        traits=tuple(TraitLabel(t.name, t.description) for t in persona.traits),
        grounded=False,
        overlap=overlap,
        vector=VECTOR,
        measures=MEASURES,
    )


def trait_cues(campaign: Campaign) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each trait of the campaign's persona with the words that show it; none for a tone."""
    if not campaign.persona:
        return ()
    persona = load_persona(config_file("personas", campaign.persona))
    return tuple((trait.name, trait.markers) for trait in persona.traits)
