"""Read the environment variables that set where Timbre stores files and which servers it uses."""

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from platformdirs import user_cache_path


class SettingsError(ValueError):
    """Raised for an invalid setting, configuration file or option."""


@dataclass(frozen=True)
class Settings:
    """The folders and addresses that an installation of Timbre uses.

    Attributes:
        home: The folder for the database, runs and reports (`TIMBRE_HOME`, default: `.timbre`).
        database_url: The SQLAlchemy URL of the database (`TIMBRE_DATABASE_URL`, default: SQLite in
            `home`).
        argilla_url: The URL of an Argilla server (`TIMBRE_ARGILLA_URL`, default: the embedded
            server).
        argilla_api_key: The owner's API key for the server at `argilla_url`
            (`TIMBRE_ARGILLA_API_KEY`).
        argilla_environment: The folder for the embedded server's Python environments
            (`TIMBRE_ARGILLA_ENVIRONMENT`, default: the user's cache folder).
        argilla_database_url: The URL of a PostgreSQL database for the embedded server
            (`TIMBRE_ARGILLA_DATABASE_URL`, default: SQLite in the server's folder).
        json_log: Whether the worker logs JSON (`TIMBRE_LOG=json`, default: text).
        price_per_hour: The price of this machine in US dollars per hour, used for the cost of runs
            (`TIMBRE_PRICE_PER_HOUR`, default: 0, so that runs show no cost).
        llama_cpp: The llama.cpp folder whose converter writes GGUF files (`TIMBRE_LLAMA_CPP`,
            default: none, so that Timbre writes the files itself).
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
        """The folder for the database, keys and logs of the embedded Argilla server."""
        return self.home / "argilla"

    @property
    def runs(self) -> Path:
        """The folder that contains a subfolder for each run."""
        return self.home / "runs"

    @property
    def reports(self) -> Path:
        """The folder for reports."""
        return self.home / "reports"

    @property
    def journals(self) -> Path:
        """The folder for generation journals, with one file per campaign."""
        return self.home / "journals"

    @property
    def accounts(self) -> Path:
        """The file with the reviewers' generated passwords, readable only by the current user."""
        return self.home / "reviewers.json"

    def report(self, campaign: str, run: str) -> Path:
        """Return the path of the report on a run."""
        return self.reports / f"{campaign}-{run[:12]}.html"

    def run_folder(self, run: str) -> Path:
        """Return the folder for the adapter, card and checkpoints of the run with this id."""
        return self.runs / run[:16]


def read_settings() -> Settings:
    """Read the settings from the environment.

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
            f"TIMBRE_PRICE_PER_HOUR is “{text}”, which isn't a valid price. Set it to an amount in "
            "US dollars, such as 1.20, or unset it."
        )
    return price


def allowed_remote_code() -> list[str]:
    """Return the models in `TIMBRE_TRUSTED_CODE`, which may run their own Python code.

    The variable is a comma-separated list of models in the form `owner/name@commit` or
    `folder@digest`, where `digest` is the hash of the model's code.
    """
    entries = os.environ.get("TIMBRE_TRUSTED_CODE", "").split(",")
    return [entry.strip() for entry in entries if entry.strip()]


def smollm2_file() -> Path | None:
    """Return the copy of SmolLM2's wheel or GGUF file that `TIMBRE_SMOLLM2` names, if any."""
    path = os.environ.get("TIMBRE_SMOLLM2")
    return Path(path).expanduser() if path else None


def teacher_key(teacher: str) -> str:
    """Return the teacher's API key from `TIMBRE_TEACHER_KEY` or the provider's variable.

    `OPENAI_API_KEY` and `ANTHROPIC_API_KEY` are sent only to their providers, never to other
    addresses.
    """
    variables = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
    variable = "" if "@" in teacher else variables.get(teacher.partition(":")[0], "")
    return os.environ.get("TIMBRE_TEACHER_KEY") or os.environ.get(variable, "")


def service_key(url: str) -> str:
    """Return the API key for an OpenAI-compatible service at an address.

    Raises `SettingsError` if no API key is set.
    """
    is_openai = url.startswith("https://api.openai.com/")
    key = teacher_key("openai" if is_openai else f"openai@{url}")
    if not key:
        raise SettingsError(
            f"No API key is set for the service at {url}. Set TIMBRE_TEACHER_KEY to your key."
        )
    return key


def ray_address() -> str:
    """Return the address of the Ray cluster: `RAY_ADDRESS`, or the cluster on this machine."""
    return os.environ.get("RAY_ADDRESS") or "auto"
