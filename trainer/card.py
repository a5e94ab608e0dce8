"""Write the model card of an adapter, which describes the training and credits the source texts."""

from dataclasses import dataclass
from pathlib import Path

from db.records import Version
from trainer.models.lookup import hub_name, model_origin
from trainer.training.results import TrainingResult

_RULE_REVIEWERS = {
    ("rule",): "They were approved by **written rules that stand in for people**, not by people.\n",
    ("person", "rule"): (
        "They were approved in part by **written rules that stand in for people**.\n"
    ),
}


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """The contents of a model card.

    `licence` is the Hub tag for the licence of the texts that the examples are based on. `sources`
    contains the attribution of the source texts as Markdown. `picture` is the file name of the loss
    curve in the card's folder, or an empty string if there is none.
    """

    result: TrainingResult
    base: str
    config: str
    version: Version
    licence: str
    sources: str
    picture: str = ""


def write_card(card: AdapterCard) -> Path:
    """Write the card next to the adapter weights, and return its path."""
    path = card.result.adapter / "README.md"
    path.write_text(render_card(card), encoding="utf-8")
    return path


def render_card(card: AdapterCard) -> str:
    """Render the card as Markdown, with the metadata that model hubs read."""
    result, version = card.result, card.version
    reviewers = _RULE_REVIEWERS.get(tuple(sorted(version.reviewer_kinds)), "")
    metrics = "\n".join(f"| {name} | {value:g} |" for name, value in result.metrics.items())
    picture = f"\n![Loss over the steps]({card.picture})\n" if card.picture else ""
    libraries = ", ".join(f"{name} {number}" for name, number in result.libraries.items())
    notes = "".join(f"\n{note}" for note in result.template_notes)
    override = f"\n**{version.override_notice}**\n" if version.override else ""
    return f"""---
base_model: {hub_name(card.base)}
library_name: peft
license: {card.licence}
tags: [lora, timbre]
---
# A LoRA adapter for {card.base}
{override}
Trained on version `{version.id[:12]}` ({version.name or "unnamed"}): {version.train} training,
{version.validation} validation and {version.test} test examples.
{reviewers}
| Metric | Value |
|---|---|
{metrics}
| tokens per second | {result.tokens_per_second:.0f} |
| peak memory, MB | {result.peak_memory_mb:.0f} |
{picture}
- Base model `{card.base}`, fingerprint `{result.base_fingerprint[:12]}`
- Chat template, fingerprint `{result.template_fingerprint[:12]}`
- Precision {result.precision} ({result.precision_reason}) on {result.device}
- {libraries}; Timbre's training code, fingerprint `{result.code_fingerprint[:12]}`
- Settings: `{card.config}`

The adapter works only with the chat template it was trained with.{notes}

## The base model

{model_origin(card.base)}

## Sources and licence

{card.sources}
"""
