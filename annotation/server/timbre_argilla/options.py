"""The options of a server, and the Argilla settings that are derived from them."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from timbre_argilla.credentials import Credentials

ENGINE = "timbre"
BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Options:
    """Options that determine where a server stores data, where it listens and what it allows.

    Attributes:
        home: The folder for the server's database, secrets and temporary files.
        host: The address to listen on. Any address other than a loopback address makes the server
            reachable from the network.
        port: The port to listen on, or 0 to use any free port.
        database_url: A PostgreSQL URL. If no URL is given, the server uses a SQLite database in its
            home folder.
        redis_url: The URL of the Redis server through which RQ workers receive jobs. If no URL is
            given, the server process runs the jobs itself.
        elasticsearch_url: The URL of an Elasticsearch server. If no URL is given, Timbre's own
            engine searches Argilla's tables.
        json_log: Whether log lines are JSON.
        allowed_hosts: Host names that requests may use in addition to loopback and `host`.
        custom_fields: Whether the web UI runs the scripts of custom fields, in sandboxed frames.
        open_reviews: Whether annotators may read other people's responses and hidden metadata.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 6900
    database_url: str = ""
    redis_url: str = ""
    elasticsearch_url: str = ""
    json_log: bool = False
    allowed_hosts: tuple[str, ...] = ()
    custom_fields: bool = False
    open_reviews: bool = False

    def secrets(self, credentials: Credentials) -> list[str]:
        """The passwords and keys that the log must not contain."""
        urls = (self.database_url, self.redis_url, self.elasticsearch_url)
        passwords = [urlsplit(url).password or "" for url in urls]
        keys = [credentials.password, credentials.api_key, credentials.secret_key]
        return [secret for secret in (*passwords, *keys) if secret]


def configure_argilla(options: Options, credentials: Credentials) -> None:
    """Set the environment variables that Argilla needs, and remove all other `ARGILLA_` variables.

    Call this function before `argilla_server` is first imported.
    """
    for name in [name for name in os.environ if name.startswith("ARGILLA_")]:
        del os.environ[name]
    sqlite = f"sqlite+aiosqlite:///{options.home / 'argilla.db'}?check_same_thread=False"
    _, scheme, address = options.database_url.partition("://")
    os.environ.update(
        ARGILLA_HOME_PATH=str(options.home),
        ARGILLA_DATABASE_URL=f"postgresql+asyncpg://{address}" if scheme else sqlite,
        ARGILLA_DATABASE_SQLITE_TIMEOUT=str(BUSY_SECONDS),
        ARGILLA_SEARCH_ENGINE="elasticsearch" if options.elasticsearch_url else ENGINE,
        ARGILLA_ELASTICSEARCH=options.elasticsearch_url,
        ARGILLA_REDIS_URL=options.redis_url,
        ARGILLA_AUTH_SECRET_KEY=credentials.secret_key,
        ARGILLA_AUTH_OAUTH_CFG=str(options.home / "oauth.yaml"),
        # The UI comes from this server, so pages from other sites don't need access to the API.
        ARGILLA_CORS_ORIGINS="[]",
        HF_HUB_DISABLE_TELEMETRY="1",
        # A similarity search is a single matrix product; more threads would only slow down
        # requests.
        OPENBLAS_NUM_THREADS="1",
    )
