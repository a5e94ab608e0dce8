"""Where Timbre keeps files and which servers it talks to: the only reader of the environment."""

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from platformdirs import user_cache_path


class SettingsError(ValueError):
    """A setting, a configuration file or an option that can't be used."""


@dataclass(frozen=True)
class Settings:
    """The folders and addresses that one installation of Timbre uses.

    Attributes:
        home: Folder of the database, runs and reports (`TIMBRE_HOME`, default `.timbre`).
        database_url: SQLAlchemy URL (`TIMBRE_DATABASE_URL`, default SQLite in the home).
        argilla_url: A running Argilla (`TIMBRE_ARGILLA_URL`, default none: the embedded one).
        argilla_api_key: The owner's key for it (`TIMBRE_ARGILLA_API_KEY`).
        argilla_environment: Folder of the embedded server's Python environments
            (`TIMBRE_ARGILLA_ENVIRONMENT`, default in the user's cache folder).
        argilla_database_url: PostgreSQL for the embedded server (`TIMBRE_ARGILLA_DATABASE_URL`,
            default none: SQLite in its home).
        json_log: Whether the worker logs JSON (`TIMBRE_LOG=json`, default text).
        price_per_hour: US dollars per hour of this machine, which prices each run
            (`TIMBRE_PRICE_PER_HOUR`, default 0: runs show no cost).
        llama_cpp: Folder of a llama.cpp whose converter writes GGUF files (`TIMBRE_LLAMA_CPP`,
            default none: Timbre writes them).
    """

    home: Path
    database_url: str = field(repr=False)
    argilla_url: str
    argilla_api_key: str = field(repr=False)
    argilla_environment: Path
    argilla_database_url: str = field(default="", repr=False)
    json_log: bool = False
    price_per_hour: float = 0.0
    llama_cpp: Path | None = None

    @property
    def argilla_home(self) -> Path:
        """Folder of the embedded Argilla's database, keys and logs."""
        return self.home / "argilla"

    @property
    def runs(self) -> Path:
        """Folder with one folder per run."""
        return self.home / "runs"

    @property
    def reports(self) -> Path:
        """Folder of the reports."""
        return self.home / "reports"

    @property
    def journals(self) -> Path:
        """Folder of the generation journals, one file per campaign."""
        return self.home / "journals"

    @property
    def accounts(self) -> Path:
        """File with the reviewers' generated passwords, readable by the user only."""
        return self.home / "reviewers.json"

    def report(self, campaign: str, run: str) -> Path:
        """The report of a campaign's run, by the run's id."""
        return self.reports / f"{campaign}-{run[:12]}.html"

    def run_folder(self, run: str) -> Path:
        """Folder of a run's adapter, card and checkpoints, by the run's id."""
        return self.runs / run[:16]


def read_settings() -> Settings:
    """The settings from the environment.

    Raises `SettingsError` if `TIMBRE_PRICE_PER_HOUR` isn't a number.
    """
    home = Path(os.environ.get("TIMBRE_HOME", ".timbre")).expanduser().absolute()
    environment = os.environ.get("TIMBRE_ARGILLA_ENVIRONMENT")
    llama_cpp = os.environ.get("TIMBRE_LLAMA_CPP")
    return Settings(
        home=home,
        database_url=os.environ.get("TIMBRE_DATABASE_URL") or f"sqlite:///{home / 'timbre.db'}",
        argilla_url=os.environ.get("TIMBRE_ARGILLA_URL", ""),
        argilla_api_key=os.environ.get("TIMBRE_ARGILLA_API_KEY", ""),
        argilla_environment=Path(environment)
        if environment
        else user_cache_path("timbre") / "argilla",
        argilla_database_url=os.environ.get("TIMBRE_ARGILLA_DATABASE_URL", ""),
        json_log=os.environ.get("TIMBRE_LOG") == "json",
        llama_cpp=Path(llama_cpp).expanduser() if llama_cpp else None,
        price_per_hour=_price(os.environ.get("TIMBRE_PRICE_PER_HOUR", "")),
    )


def _price(text: str) -> float:
    try:
        price = float(text or 0)
    except ValueError:
        price = -1.0
    if not 0 <= price < inf:
        raise SettingsError(
            f"TIMBRE_PRICE_PER_HOUR is “{text}”, which isn't an amount. Set it to US dollars, such "
            "as 1.20, or unset it."
        )
    return price


def allowed_remote_code() -> list[str]:
    """Models that may run the Python code they bring, from `TIMBRE_TRUSTED_CODE`.

    Entries are separated by commas. Each is `owner/name@commit`, or `folder@digest of its code`.
    """
    entries = os.environ.get("TIMBRE_TRUSTED_CODE", "").split(",")
    return [entry.strip() for entry in entries if entry.strip()]


def teacher_key(teacher: str) -> str:
    """The key for a teacher's endpoint: `TIMBRE_TEACHER_KEY`, or the provider's own variable.

    `OPENAI_API_KEY` and `ANTHROPIC_API_KEY` go to their providers only, never to other addresses.
    """
    variables = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
    variable = "" if "@" in teacher else variables.get(teacher.partition(":")[0], "")
    return os.environ.get("TIMBRE_TEACHER_KEY") or os.environ.get(variable, "")


def service_key(url: str) -> str:
    """The key for a service with OpenAI's API, by its address.

    Raises `SettingsError` if there is none.
    """
    is_openai = url.startswith("https://api.openai.com/")
    key = teacher_key("openai" if is_openai else f"openai@{url}")
    if not key:
        raise SettingsError(
            f"There is no key for the service at {url}. Set TIMBRE_TEACHER_KEY to its API key."
        )
    return key


def ray_address() -> str:
    """The Ray cluster to use: `RAY_ADDRESS`, or the one running on this machine."""
    return os.environ.get("RAY_ADDRESS") or "auto"
