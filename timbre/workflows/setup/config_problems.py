"""Every problem in a campaign's configuration files, found without reading its material."""

from collections.abc import Callable
from functools import partial

from evaluation.errors import EvaluationError
from timbre.campaign import load_campaign, load_persona, load_tone, load_training
from timbre.campaign_config import CampaignConfig
from timbre.config import ConfigError, config_file, read_config
from timbre.settings import SettingsError


def find_config_problems(name: str) -> list[str]:
    """Every problem of a campaign's file and of the files it refers to, each with its key."""
    try:
        path = config_file("campaigns", name)
        config = read_config(CampaignConfig, path)
    except SettingsError as error:
        return _problems(error)

    def load(kind: Callable[[str], object], file: str) -> list[str]:
        beside = path.parent / file.partition("#")[0]
        try:
            kind(str(path.parent / file) if beside.exists() else file)
        except SettingsError as error:
            return _problems(error)
        return []

    voice = partial(load, load_tone) if config.tone else partial(load, load_persona)
    problems = voice(config.tone or config.persona)
    for training in dict.fromkeys((config.training, *config.watch.training)):
        problems += load(load_training, training)
    if problems:
        return problems
    try:
        load_campaign(name)
    except (SettingsError, EvaluationError) as error:
        return [str(error)]
    return []


def _problems(error: SettingsError) -> list[str]:
    if isinstance(error, ConfigError):
        return [f"{error.file}: {problem}" for problem in error.problems]
    return [str(error)]
