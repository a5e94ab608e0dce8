"""Which runs the versions in the store call for, by the rules of the campaigns."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from db.records import Version
from db.store import Store
from timbre.campaign import Campaign, load_campaign
from timbre.jobs import Job
from timbre.settings import CONFIGS, config_file


def watched(names: list[str]) -> list[tuple[str, Campaign]]:
    """The campaigns of these names or files (of all of configs/campaigns where there are none).

    Those without a `versions` pattern in [watch] start nothing.

    Raises `FormError` or `SettingsError` if a file is not right.
    """
    named = names or sorted(path.stem for path in (CONFIGS / "campaigns").glob("*.toml"))
    files: list[tuple[str, Path]] = [(name, config_file("campaigns", name)) for name in named]
    loaded = [(name, load_campaign(file)) for name, file in files]
    return [(name, campaign) for name, campaign in loaded if campaign.watch.versions]


def called_for(store: Store, campaigns: list[tuple[str, Campaign]]) -> Iterator[Job]:
    """The jobs of all versions, those of the oldest first."""
    for version in store.stream(Version):
        for name, campaign in campaigns:
            if starts(campaign, version):
                for training in campaign.watch.training or (campaign.training,):
                    yield Job(version.id, name, training)


def starts(campaign: Campaign, version: Version) -> bool:
    """Whether a version is the campaign's, has a name that fits, and passed every gate."""
    passed = not version.override and all(gate.passed for gate in version.gates)
    fits = fnmatchcase(version.name, campaign.watch.versions)
    return version.campaign == campaign.name and fits and passed
