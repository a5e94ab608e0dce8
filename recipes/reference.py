"""Build docs/reference.md, which lists every key of tone, persona, campaign and training files.

Run `python -m recipes.reference` after you add a key or change a key's description.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from timbre.campaign import PersonaToml, ToneFile
from timbre.campaign_config import CampaignConfig
from trainer.config import TrainingConfig

PATH = Path(__file__).parents[1] / "docs" / "reference.md"
_INTRO = """\
# Reference of the configuration files

`python -m recipes.reference` generates this page from the code that reads the files. All
configuration files are written in TOML. Keys without a default are required. Unknown keys are
errors.
"""
_FILES = (
    ("Tone files", "A file in `configs/tones`, or `tone.toml` in a campaign's folder.", ToneFile),
    (
        "Persona files",
        "A file in `configs/personas`, or `persona.toml` in a campaign's folder. Timbre also reads "
        "character cards, constitutions and one-line personas.",
        PersonaToml,
    ),
    (
        "Campaign files",
        "A file in `configs/campaigns`, or `campaign.toml` in a campaign's folder. If a campaign "
        "file names another file, Timbre looks for it in the campaign's folder first.",
        CampaignConfig,
    ),
    ("Training files", "A file in `configs/training`, or any TOML file.", TrainingConfig),
)
_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
Schema = dict[str, Any]


def render_reference() -> str:
    """Return the text of the page, with a table for each section of each file."""
    parts = [_INTRO]
    for title, intro, kind in _FILES:
        schema = TypeAdapter(kind).json_schema()
        parts += [f"## {title}\n\n{intro}\n", *_tables(schema, schema.get("$defs", {}))]
    return "\n".join(parts)


def _tables(schema: Schema, types: dict[str, Schema], path: str = "") -> Iterator[str]:
    """Yield a table of an object's keys, followed by the tables of the object's sections."""
    required = set(schema.get("required", ()))
    rows, sections = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"], []
    for key, value in schema["properties"].items():
        section, is_list = _section(value, types)
        name = f"{path}.{key}" if path else key
        if section:
            sections.append((f"[[{name}]]" if is_list else f"[{name}]", section, name))
        default = "" if key in required else _default(value, bool(section))
        rows.append(f"| `{key}` | {_type(value, types)} | {default} | {_meaning(value)} |")
    yield "\n".join(rows) + "\n"
    for heading, section, name in sections:
        yield f"### `{heading}`\n"
        yield from _tables(section, types, name)


def _section(value: Schema, types: dict[str, Schema]) -> tuple[Schema | None, bool]:
    """Return the object type of a key (or None), and whether the key contains a list."""
    options = [option for option in value.get("anyOf", [value]) if option.get("type") != "null"]
    option = options[0] if len(options) == 1 else value
    is_list = option.get("type") == "array"
    item = option.get("items", {}) if is_list else option
    name = item.get("$ref", "").rpartition("/")[2]
    is_object = "properties" in types.get(name, {})
    return (types[name] if is_object else None), is_list


def _type(value: Schema, types: dict[str, Schema]) -> str:
    if "anyOf" in value:
        options = [_type(option, types) for option in value["anyOf"]]
        return " or ".join(option for option in dict.fromkeys(options) if option)
    if "$ref" in value:
        named = types[value["$ref"].rpartition("/")[2]]
        return "section" if "properties" in named else _type(named, types)
    if "enum" in value or "const" in value:
        choices = value.get("enum") or [value["const"]]
        return ", ".join(f"`{choice}`" for choice in choices)
    if value.get("type") == "array":
        item = _type(value["items"], types) if "items" in value else "text"
        return "sections" if item == "section" else f"list of {item}"
    return f"{_NAMES.get(value.get('type', ''), '')}{_range(value)}"


def _range(value: Schema) -> str:
    low = value.get("minimum", value.get("exclusiveMinimum"))
    high = value.get("maximum", value.get("exclusiveMaximum"))
    if low is not None and high is not None:
        below = "below " if "exclusiveMaximum" in value else ""
        return f", {low:g} to {below}{high:g}" if high < 2**31 else f", at least {low:g}"
    if low is not None:
        return f", {'more than' if 'exclusiveMinimum' in value else 'at least'} {low:g}"
    return f", at most {high:g}" if high is not None else ""


def _default(value: Schema, is_section: bool) -> str:
    default = value.get("default")
    if is_section or default is None:
        return "none" if not is_section else "–"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _meaning(value: Schema) -> str:
    return str(value.get("description", "")).replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(render_reference(), encoding="utf-8")
