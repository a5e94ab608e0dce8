"""How one server is started, and how Argilla is told."""

import os
from dataclasses import dataclass
from pathlib import Path

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
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 6900
    database_url: str = ""


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
        ARGILLA_SEARCH_ENGINE=ENGINE,
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
