"""Where Timbre keeps things and which servers it talks to: the only reader of the environment."""

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from platformdirs import user_cache_path

_FILES = (".toml", ".json", ".jsonl", ".txt")  # all but the first are constitutions
CONFIGS = Path(__file__).parents[1] / "configs"


class SettingsError(ValueError):
    """A setting, a campaign file or an option that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """The places and addresses of one Timbre.

    Attributes:
        home: Folder of the database, the runs and the reports (`TIMBRE_HOME`, default `.timbre`).
        database_url: SQLAlchemy URL (`TIMBRE_DATABASE_URL`, default SQLite in the home).
        argilla_url: An Argilla that is already there (`TIMBRE_ARGILLA_URL`, default none: ours).
        argilla_api_key: The owner's key there (`TIMBRE_ARGILLA_API_KEY`).
        argilla_environment: Folder of the embedded server's own Python environment
            (`TIMBRE_ARGILLA_ENVIRONMENT`, default in the user's cache folder).
        argilla_database_url: PostgreSQL for the embedded server (`TIMBRE_ARGILLA_DATABASE_URL`,
            default none: SQLite in its home).
        queue_url: Redis that holds the queue of runs (`TIMBRE_QUEUE_URL`, default none: SQLite).
        json_log: Whether the worker logs JSON (`TIMBRE_LOG=json`, default words).
        price_per_hour: What an hour of this machine costs, in dollars, which prices each run
            (`TIMBRE_PRICE_PER_HOUR`, default 0: runs tell no cost).
        llama_cpp: Folder of a llama.cpp whose own converter is to write GGUF files
            (`TIMBRE_LLAMA_CPP`, default none: Timbre writes them).
    """

    home: Path
    database_url: str = field(repr=False)
    argilla_url: str
    argilla_api_key: str = field(repr=False)
    argilla_environment: Path
    argilla_database_url: str = field(default="", repr=False)
    queue_url: str = field(default="", repr=False)
    json_log: bool = False
    price_per_hour: float = 0.0
    llama_cpp: Path | None = None

    @property
    def argilla_home(self) -> Path:
        """Folder of the embedded Argilla's database, keys and logs."""
        return self.home / "argilla"

    @property
    def runs(self) -> Path:
        """Folder that holds one folder a run."""
        return self.home / "runs"

    @property
    def jobs(self) -> Path:
        """Folder of what became of the runs that versions started."""
        return self.home / "jobs"

    @property
    def reports(self) -> Path:
        """Folder of the written reports."""
        return self.home / "reports"

    @property
    def journals(self) -> Path:
        """Folder of the generation journals, one file a campaign."""
        return self.home / "journals"

    @property
    def accounts(self) -> Path:
        """File of the reviewers' generated passwords, readable by the user alone."""
        return self.home / "reviewers.json"


def read_settings() -> Settings:
    """The settings as the environment gives them."""
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
        queue_url=os.environ.get("TIMBRE_QUEUE_URL", ""),
        json_log=os.environ.get("TIMBRE_LOG") == "json",
        llama_cpp=Path(llama_cpp).expanduser() if llama_cpp else None,
        price_per_hour=_price(os.environ.get("TIMBRE_PRICE_PER_HOUR", "")),
    )


def _price(said: str) -> float:
    try:
        price = float(said or 0)
    except ValueError:
        price = -1.0
    if not 0 <= price < inf:
        raise SettingsError(
            f"found TIMBRE_PRICE_PER_HOUR = “{said}”, expected dollars such as 1.20; set it or "
            "leave it out"
        )
    return price


def trusted_code() -> list[str]:
    """Models that may run the Python code they bring: `TIMBRE_TRUSTED_CODE`, commas between.

    Each is `owner/name@commit`, or `folder@digest of its code`.
    """
    entries = os.environ.get("TIMBRE_TRUSTED_CODE", "").split(",")
    return [entry.strip() for entry in entries if entry.strip()]


def teacher_key(teacher: str) -> str:
    """The key for a teacher's endpoint: `TIMBRE_TEACHER_KEY`, else the provider's own variable.

    `OPENAI_API_KEY` and `ANTHROPIC_API_KEY` go to their providers only, never to another address.
    """
    own = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
    provider = "" if "@" in teacher else own.get(teacher.partition(":")[0], "")
    return os.environ.get("TIMBRE_TEACHER_KEY") or os.environ.get(provider, "")


def service_key(url: str) -> str:
    """The key for a service with OpenAI's API, by its address.

    Raises `SettingsError` if there is none.
    """
    home = url.startswith("https://api.openai.com/")
    key = teacher_key("openai" if home else f"openai@{url}")
    if not key:
        raise SettingsError(
            f"found no key for the service at {url}, expected one in TIMBRE_TEACHER_KEY; set it"
        )
    return key


def ray_address() -> str:
    """The Ray cluster that a run is to use: `RAY_ADDRESS`, else one that runs on this machine."""
    return os.environ.get("RAY_ADDRESS") or "auto"


def config_file(folder: str, name: str) -> Path:
    """The file that a name or a path means: a file as given, or one of `configs/FOLDER`.

    Raises `SettingsError` if there is neither.
    """
    path = Path(name)
    if path.suffix in _FILES and path.is_file():
        return path
    shipped = CONFIGS / folder / f"{name}.toml"
    if shipped.is_file():
        return shipped
    names = ", ".join(sorted(p.stem for p in (CONFIGS / folder).glob("*.toml"))) or "none"
    raise SettingsError(
        f"found no file for “{name}”, expected a .toml file or one of configs/{folder} "
        f"({names}); name one of these"
    )
