"""Versions as people name and read them."""

from db.errors import StoreError
from db.records import Interval, Version
from db.store import Store
from timbre.settings import SettingsError


def found_version(store: Store, named: str) -> Version:
    """The version of an id, the beginning of one, or a name; of several of a name, the newest.

    Raises `StoreError` if there is none.
    """
    versions = list(store.stream(Version))
    for version in reversed(versions):
        if version.name == named or (len(named) >= 6 and version.id.startswith(named.lower())):
            return version
    names = ", ".join(dict.fromkeys(version.name for version in versions))
    raise StoreError(
        f"found no version “{named}”, expected an id or one of the names {names}; see "
        "`timbre version list`"
        if names
        else f"found no version “{named}”, expected a frozen one; make it with "
        "`timbre version freeze`"
    )


def check_campaign(version: Version, campaign: str, what: str) -> None:
    """Refuse what belongs to another campaign, whose prompts would be measured by other rules.

    `what` names the version, or the run on it, in the error.

    Raises `SettingsError` naming both campaigns.
    """
    if version.campaign != campaign:
        raise SettingsError(
            f"found {what} of the campaign {version.campaign}, expected one of {campaign}; name "
            "its own campaign, or see `timbre version list` and `timbre run list`"
        )


def sides(version: Version) -> str:
    """How many examples are on which side, in words."""
    return f"{version.train} train, {version.validation} validation, {version.test} test"


def judged_by(version: Version) -> str:
    """Who judged it, in plain words."""
    words = {"person": "people", "rule": "written rules (not people)"}
    return " and ".join(words[kind] for kind in version.reviewer_kinds) or "nobody"


def agreed(found: Interval | None) -> str:
    """Krippendorff's alpha with its interval, in words."""
    if found is None:
        return "not known"
    return f"alpha {found.estimate:.2f} ({found.low:.2f} to {found.high:.2f})"
