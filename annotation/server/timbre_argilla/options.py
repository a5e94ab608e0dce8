"""How one server is started, and how Argilla is told."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from timbre_argilla.credentials import Credentials

ENGINE = "timbre"
BUSY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Options:
    """Where a server lives and listens.

    Attributes:
        home: Folder of the server's own: database, secrets, temporary files.
        host: Address to listen at; anything but loopback is open to the network.
        port: Port to listen at; 0 takes a free one.
        database_url: A PostgreSQL URL; SQLite in the home when empty.
        redis_url: Where jobs are queued for RQ workers; when empty, this process runs them.
        elasticsearch_url: Searches go there; when empty, to our engine over Argilla's tables.
        json_log: Whether a line of the log is JSON.
        custom_fields: Whether the web UI may run the scripts of custom fields, and so any script.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 6900
    database_url: str = ""
    redis_url: str = ""
    elasticsearch_url: str = ""
    json_log: bool = False
    custom_fields: bool = False

    def secrets(self, credentials: Credentials) -> list[str]:
        """What must not be read in a log."""
        urls = (self.database_url, self.redis_url, self.elasticsearch_url)
        passwords = [urlsplit(url).password or "" for url in urls]
        keys = [credentials.password, credentials.api_key, credentials.secret_key]
        return [secret for secret in (*passwords, *keys) if secret]


def tell_argilla(options: Options, credentials: Credentials) -> None:
    """Set the variables Argilla reads when it is imported, and none that we did not choose.

    Must run before the first import of `argilla_server`.
    """
    for name in [name for name in os.environ if name.startswith("ARGILLA_")]:
        del os.environ[name]
    database = f"sqlite+aiosqlite:///{options.home / 'argilla.db'}?check_same_thread=False"
    os.environ.update(
        ARGILLA_HOME_PATH=str(options.home),
        ARGILLA_DATABASE_URL=_asynchronous(options.database_url) or database,
        ARGILLA_DATABASE_SQLITE_TIMEOUT=str(BUSY_SECONDS),
        ARGILLA_SEARCH_ENGINE="elasticsearch" if options.elasticsearch_url else ENGINE,
        ARGILLA_ELASTICSEARCH=options.elasticsearch_url,
        ARGILLA_REDIS_URL=options.redis_url,
        ARGILLA_AUTH_SECRET_KEY=credentials.secret_key,
        ARGILLA_AUTH_OAUTH_CFG=str(options.home / "oauth.yaml"),
        # The UI is served from here; no other site's page has a reason to call the API.
        ARGILLA_CORS_ORIGINS="[]",
        HF_HUB_DISABLE_TELEMETRY="1",
        # Similarity is one product a search: threads would only spin beside the requests.
        OPENBLAS_NUM_THREADS="1",
    )


def _asynchronous(url: str) -> str:
    _, separator, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if separator else ""
