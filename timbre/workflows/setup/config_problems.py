"""Every problem in a campaign's configuration files, found without reading its material."""

import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.errors import EvaluationError
from timbre.campaign import load_campaign, load_training, load_voice, voice_criterion
from timbre.campaign_config import CampaignConfig
from timbre.config import ConfigError, config_file, read_config, read_text
from timbre.settings import SettingsError


def find_config_problems(name: str) -> list[str]:
    """Every problem of a campaign's file and of the files it refers to, each with its key."""
    try:
        path = config_file("campaigns", name)
    except SettingsError as error:
        return [str(error)]
    problems = _problems(path, lambda: read_config(CampaignConfig, path))
    try:
        problems += _referred_problems(path, tomllib.loads(read_text(path)))
    except (ValueError, RecursionError):
        return problems  # it isn't TOML, so what it refers to isn't known
    return problems or _problems(path, lambda: load_campaign(name))


def _referred_problems(path: Path, data: dict[str, Any]) -> list[str]:
    """The problems of the files that a campaign names, even if its own file has some."""

    def locate(name: str) -> str:
        beside = path.parent / name.partition("#")[0]
        return str(path.parent / name) if name and beside.exists() else name

    problems = list[str]()
    for tone in _strings(data.get("tone")):
        problems += _problems(path, partial(_check_voice, locate(tone), ""))
    for persona in _strings(data.get("persona")):
        problems += _problems(path, partial(_check_voice, "", locate(persona)))
    watch = data.get("watch")
    watched = watch.get("training", ()) if isinstance(watch, dict) else ()
    for training in dict.fromkeys(_strings(data.get("training"), *watched)):
        problems += _problems(path, partial(load_training, locate(training)))
    return problems


def _check_voice(tone: str, persona: str) -> None:
    voice, criteria = load_voice(tone, persona)
    try:
        voice_criterion(voice, criteria)
    except EvaluationError as error:
        file = str(config_file("tones", tone)) if tone else persona
        raise ConfigError(file, str(error).splitlines()) from error


def _strings(*values: object) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _problems(path: Path, load: Callable[[], object]) -> list[str]:
    """The problems of loading something that a campaign's file names, each with its file."""
    try:
        load()
    except ConfigError as error:
        return [f"{error.file}: {problem}" for problem in error.problems]
    except (SettingsError, EvaluationError) as error:
        return [f"{path}: {error}"]
    return []
