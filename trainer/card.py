"""The card of an adapter: what it is, what it was trained from, and whose text is in that."""

from dataclasses import dataclass
from pathlib import Path

from db.records import Version
from trainer.results import TrainingResult

_STAND_INS = {
    ("rule",): "They were approved by **written rules that stand in for people**, not by people.\n",
    ("person", "rule"): (
        "They were approved in part by **written rules that stand in for people**.\n"
    ),
}


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What a card tells: the run's result, its base and settings, its version.

    `licence` is the hub's tag for what the examples derive from, `sources` its attribution as
    Markdown.

    `picture` is the name of the loss curve's file beside the card, empty where there is none.
    """

    result: TrainingResult
    base: str
    config: str
    version: Version
    licence: str
    sources: str
    picture: str = ""


def write_card(facts: AdapterCard) -> Path:
    """Write the card beside the adapter's weights and return its path."""
    path = facts.result.adapter / "README.md"
    path.write_text(render_card(facts), encoding="utf-8")
    return path


def render_card(facts: AdapterCard) -> str:
    """The card as Markdown, with the metadata that model hubs read."""
    result, version = facts.result, facts.version
    stand_ins = _STAND_INS.get(tuple(sorted(version.reviewer_kinds)), "")
    measured = "\n".join(f"| {name} | {value:g} |" for name, value in result.metrics.items())
    picture = f"\n![Loss over the steps]({facts.picture})\n" if facts.picture else ""
    libraries = ", ".join(f"{name} {number}" for name, number in result.libraries.items())
    return f"""---
base_model: {facts.base}
library_name: peft
license: {facts.licence}
tags: [lora, timbre]
---
# A LoRA adapter for {facts.base}

Trained on version `{version.id[:12]}` ({version.name or "without a name"}): {version.train}
training, {version.validation} validation and {version.test} test examples.
{stand_ins}
| measured | |
|---|---|
{measured}
| tokens per second | {result.tokens_per_second:.0f} |
| peak memory, MB | {result.peak_memory_mb:.0f} |
{picture}
- Base model `{facts.base}`, fingerprint `{result.base_fingerprint[:12]}`
- Chat template, fingerprint `{result.template_fingerprint[:12]}`
- Precision {result.precision} ({result.precision_reason}) on {result.device}
- {libraries}; Timbre's code that trained it, fingerprint `{result.code_fingerprint[:12]}`
- Settings: `{facts.config}`

It answers in the chat template it was trained with, and in no other.

## Sources and licence

{facts.sources}
"""
