"""Show the prompts that a campaign sends to its teacher, filled with the campaign's material."""

from collections.abc import Iterable
from pathlib import Path

from db.records import Passage
from db.store import Store
from pipelines.chats.chat_import import ChatImport
from pipelines.preview import render_persona_prompts, render_tone_prompts
from pipelines.prompting import ChatMessages
from pipelines.voices.persona import Persona
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.generate.examples import approved_examples
from timbre.workflows.generate.plan import GenerateOptions, generation_plan, voice_rules


def show_prompt(
    store: Store, settings: Settings, campaign: Campaign, passages: Iterable[Passage], name: str
) -> ChatMessages:
    """Fill a campaign's prompt with its first passage or chat; `name` may omit the version.

    Raises `SettingsError` if the campaign uses no prompt of this name, or has no material to fill
    it with.
    """
    prompts = render_prompts(store, settings, campaign, passages)
    chosen = [chat for label, chat in prompts if name in (label, *label.split("@")[:1])]
    chosen += [chat for label, chat in prompts if label.split(".")[0] == name]
    if not chosen:
        names = ", ".join(dict.fromkeys(label for label, _ in prompts))
        raise SettingsError(
            f"“{campaign.name}” uses no prompt “{name}”. It uses {names}."
            if names
            else f"“{campaign.name}” has no material yet. Add some, then its prompts can be shown."
        )
    return chosen[0]


def render_prompts(
    store: Store, settings: Settings, campaign: Campaign, passages: Iterable[Passage]
) -> list[tuple[str, ChatMessages]]:
    """Fill each prompt of a campaign with its first passage or chat, without asking the teacher."""
    plan = generation_plan(campaign, settings, GenerateOptions())
    plan = plan.with_rules(voice_rules(campaign), approved_examples(store, campaign))
    voice = campaign.voice
    if isinstance(voice, Persona):
        return list(render_persona_prompts(voice, plan, passages))
    chats = (
        ChatImport(Path(path), campaign.name, campaign.licence, voice.language)
        for path in campaign.chats
    )
    return list(render_tone_prompts(voice, plan, passages, chats))
