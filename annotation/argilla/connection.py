"""Connect to an Argilla server, check the connection and explain how to fix errors."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from annotation.errors import AnnotationError

Json = dict[str, Any]
SUPPORTED_VERSION = "2.8"
MAX_REASON = 300
MAX_IDS = 250
"""The maximum number of values that Argilla can filter by at once."""


@dataclass(frozen=True)
class Connection:
    """The URL of an Argilla server, a user's API key, and a workspace."""

    url: str
    api_key: str
    workspace: str = "timbre"


@dataclass(frozen=True)
class Server:
    """An open connection to Argilla, for plain API requests and for the SDK client.

    Datasets and their settings are created through Argilla's SDK. Records and responses are sent as
    plain API requests, because the SDK prints during uploads and can't submit many responses at
    once.
    """

    connection: Connection
    http: httpx.Client
    cleanup: ExitStack

    @cached_property
    def client(self) -> Any:
        """The SDK client."""
        import argilla  # takes seconds to import, and only a push needs it

        url, key = self.connection.url, self.connection.api_key
        client = argilla.Argilla(api_url=url, api_key=key, retries=2)
        self.cleanup.callback(client.api.http_client.close)
        return client

    def get(self, path: str, **params: Any) -> Any:
        """Send a GET request to `path` (below /api/v1) and return the JSON response."""
        return self._request("GET", path, params=params)

    def post(self, path: str, body: object, **params: Any) -> Any:
        """Send a POST request with `body` and return the JSON response."""
        return self._request("POST", path, json=body, params=params)

    def put(self, path: str, body: object) -> Any:
        """Send a PUT request with `body` and return the JSON response."""
        return self._request("PUT", path, json=body)

    def patch(self, path: str, body: object) -> Any:
        """Send a PATCH request with `body` and return the JSON response."""
        return self._request("PATCH", path, json=body)

    def delete(self, path: str, **params: Any) -> None:
        """Send a DELETE request to `path`."""
        self._request("DELETE", path, params=params)

    def find_records(self, path: str, key: str, ids: Iterable[str], include: str) -> Json:
        """Return the records with the given ids, keyed by id, and skip ids that don't exist.

        `key` is `id` or `external_id`. At most `MAX_IDS` ids are allowed.
        """
        values = list(ids)
        if not values:
            return {}
        scope = {"entity": "record", "property": key}
        response = self.post(
            f"{path}/records/search",
            {"filters": {"and": [{"type": "terms", "scope": scope, "values": values}]}},
            include=include,
            limit=len(values),
        )
        return {item["record"][key]: item["record"] for item in response["items"]}

    def _request(self, method: str, path: str, **content: Any) -> Any:
        try:
            response = self.http.request(method, path, **content)
        except httpx.TransportError as error:
            raise AnnotationError(
                f"Lost the connection to {self.connection.url} ({error or type(error).__name__}). "
                "Everything sent so far is kept, so run the command again to continue."
            ) from error
        if response.is_error:
            raise _rejected(self.connection, response)
        return response.json() if response.content else None


@contextmanager
def connect(connection: Connection, *, workspace: bool = True) -> Iterator[Server]:
    """Open a connection to Argilla for the duration of a `with` block.

    Raises `AnnotationError` if the server doesn't respond, has an unsupported version or rejects
    the API key, or if the user isn't a member of the workspace. If `workspace` is False, the
    membership isn't checked.
    """
    _check_version(connection)
    http = httpx.Client(
        base_url=f"{connection.url}/api/v1",
        headers={"X-Argilla-Api-Key": connection.api_key},
        timeout=60,
        transport=httpx.HTTPTransport(retries=2),
    )
    with ExitStack() as cleanup:
        server = Server(connection, cleanup.enter_context(http), cleanup)
        server.get("me")  # raises if the API key is wrong
        if workspace:
            workspace_id(server)
        yield server


def workspace_id(server: Server) -> str:
    """Return the id of the connection's workspace.

    Raises `AnnotationError` if the workspace doesn't exist or the user isn't a member.
    """
    name = server.connection.workspace
    ids = {item["name"]: str(item["id"]) for item in server.get("me/workspaces")["items"]}
    if name not in ids:
        raise AnnotationError(
            f"This user has no access to the workspace “{name}” at {server.connection.url} "
            f"(available workspaces: {', '.join(sorted(ids)) or 'none'}). Add the user with "
            "`timbre review user add`."
        )
    return ids[name]


def _check_version(connection: Connection) -> None:
    try:
        response = httpx.get(f"{connection.url}/api/v1/version", timeout=10)
        version = str(response.json()["version"])
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise AnnotationError(
            f"No server responds at {connection.url} ({error}). Start Argilla with `timbre review "
            "serve`, or correct the address."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AnnotationError(
            f"The server at {connection.url} isn't an Argilla server. Correct the address."
        ) from error
    if version != SUPPORTED_VERSION and not version.startswith(f"{SUPPORTED_VERSION}."):
        raise AnnotationError(
            f"{connection.url} runs Argilla {version}, but Timbre needs {SUPPORTED_VERSION}. "
            "Upgrade that server, or use the one that `timbre review serve` starts."
        )


def _rejected(connection: Connection, response: httpx.Response) -> AnnotationError:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return AnnotationError(
            f"{connection.url} rejected the API key. Copy a key from “My settings” in the web UI, "
            "or create a user with `timbre review user add`."
        )
    reason = " ".join(_reason(response).split())[:MAX_REASON]
    if response.status_code == httpx.codes.FORBIDDEN:
        return AnnotationError(
            f"This user isn't allowed to {response.request.method} {response.request.url.path} at "
            f"{connection.url} ({reason}). Use the API key of the owner or an admin."
        )
    return AnnotationError(
        f"{connection.url} rejected a request ({response.status_code}: {reason}). Check the server "
        "log."
    )


def _reason(response: httpx.Response) -> str:
    """Return the reason in Argilla's error response, or the whole text of any other response."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text
    match detail:
        case {"params": {"errors": [{"loc": path, "msg": message}, *_]}}:
            return f"{' '.join(map(str, path))}: {message}"
        case {"params": {"message": message}}:
            return str(message)
    return str(detail)
