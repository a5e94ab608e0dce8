"""What a campaign's answers are meant to be, read from its tone or persona file."""

from dataclasses import dataclass

from evaluation.aims import Aim, Bound, persona_aim, tone_aim
from pipelines.persona_file import load_persona
from pipelines.tone_file import load_tone
from timbre.campaign import Campaign
from timbre.settings import config_file


@dataclass(frozen=True)
class Subject:
    """A campaign's tone or persona: in words, its system prompt, and the aim of its answers.

    `middle` is the middle of the scale on which reviewers rate a tone.
    """

    words: str
    system: str
    aim: Aim
    middle: float = 0.0


def subject_of(campaign: Campaign) -> Subject:
    """What a campaign is about; its own system prompt goes before that of its file.

    Raises `EvaluationError` if its tone states no target.
    """
    system = campaign.evaluate.system_prompt
    if campaign.persona:
        persona = load_persona(config_file("personas", campaign.persona))
        aim = persona_aim({trait.name: trait.markers for trait in persona.traits})
        return Subject(f"the persona “{campaign.persona}”", system or persona.system, aim)
    tone = load_tone(config_file("tones", campaign.tone))
    bounds = [Bound(bound.measure, bound.at_least, bound.at_most) for bound in tone.target.bounds]
    aim = tone_aim(tone.name, bounds, tone.target.signs, tone.target.signs_of)
    middle = (tone.scale.anchors[0].value + tone.scale.anchors[-1].value) / 2
    return Subject(f"the tone “{campaign.tone}”", system or tone.system, aim, middle)
