"""The way to an Argilla server: a connection that says in one sentence what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import argilla
import httpx

from annotation.errors import AnnotationError

EXPECTED_VERSION = "2.8"
LONGEST_REASON = 300


@dataclass(frozen=True)
class Connection:
    """Where an Argilla server is, as whom to speak to it, and in which workspace."""

    url: str
    api_key: str
    workspace: str = "timbre"


@dataclass(frozen=True)
class Server:
    """An open connection: the SDK's client, and Argilla's API as plain requests.

    The SDK makes datasets and their settings. Records and responses go over the API itself, for
    the SDK prints while it uploads and has no call for responses in bulk.
    """

    connection: Connection
    client: Any

    def get(self, path: str, **params: Any) -> Any:
        """The JSON that a GET of `path` (below /api/v1) answers."""
        return self._request("GET", path, params=params)

    def post(self, path: str, body: object, **params: Any) -> Any:
        """The JSON that a POST of `body` answers."""
        return self._request("POST", path, json=body, params=params)

    def put(self, path: str, body: object) -> Any:
        """The JSON that a PUT of `body` answers."""
        return self._request("PUT", path, json=body)

    def patch(self, path: str, body: object) -> Any:
        """The JSON that a PATCH with `body` answers."""
        return self._request("PATCH", path, json=body)

    def delete(self, path: str, **params: Any) -> None:
        """Delete what is at `path`."""
        self._request("DELETE", path, params=params)

    def _request(self, method: str, path: str, **content: Any) -> Any:
        http: httpx.Client = self.client.api.http_client
        try:
            response = http.request(method, f"/api/v1/{path}", **content)
        except httpx.TransportError as error:
            raise _lost(self.connection, error) from error
        if response.is_error:
            raise _refused(self.connection, response)
        return response.json() if response.content else None


@contextmanager
def connect(connection: Connection, *, workspace: bool = True) -> Iterator[Server]:
    """A checked connection: the server answers, is the version we know, and takes our key.

    Args:
        connection: Where to connect, and as whom.
        workspace: Whether the workspace must be there and open to this user.

    Yields:
        Server: The open connection; it is closed at the end.

    Raises:
        AnnotationError: if one of that is not so, in one sentence.
    """
    _check_version(connection)
    _check_key(connection)
    client = argilla.Argilla(api_url=connection.url, api_key=connection.api_key, retries=2)
    try:
        server = Server(connection, client)
        if workspace:
            workspace_id(server)
        yield server
    finally:
        client.api.http_client.close()


def workspace_id(server: Server) -> str:
    """The id of the connection's workspace.

    Args:
        server: The open connection.

    Returns:
        The id, as Argilla's API takes it.

    Raises:
        AnnotationError: if it is not there, or not open to this user.
    """
    wanted = server.connection.workspace
    found = {item["name"]: str(item["id"]) for item in server.get("me/workspaces")["items"]}
    if wanted not in found:
        names = ", ".join(sorted(found)) or "none"
        raise AnnotationError(
            f"found the workspaces {names} open to this user at {server.connection.url}, expected "
            f"“{wanted}”; add the user to it with `timbre review user add`"
        )
    return found[wanted]


def _check_key(connection: Connection) -> None:
    # Asked before the SDK does, which leaves a connection open when it is refused.
    key = {"X-Argilla-Api-Key": connection.api_key}
    try:
        response = httpx.get(f"{connection.url}/api/v1/me", headers=key, timeout=60)
    except httpx.TransportError as error:
        raise _lost(connection, error) from error
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise AnnotationError(
            f"found that {connection.url} does not take the API key, expected a key of one of its "
            "users; look it up under “My settings” in the web UI or make a user with "
            "`timbre review user add`"
        )
    if response.is_error:
        raise _refused(connection, response)


def _check_version(connection: Connection) -> None:
    try:
        response = httpx.get(f"{connection.url}/api/v1/version", timeout=10)
        version = str(response.json()["version"])
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise AnnotationError(
            f"found no server at {connection.url} ({error}), expected Argilla {EXPECTED_VERSION}; "
            "start one with `timbre review serve` or correct the address"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AnnotationError(
            f"found something other than Argilla at {connection.url}, expected Argilla "
            f"{EXPECTED_VERSION}; correct the address"
        ) from error
    if version != EXPECTED_VERSION and not version.startswith(f"{EXPECTED_VERSION}."):
        raise AnnotationError(
            f"found Argilla {version} at {connection.url}, expected {EXPECTED_VERSION}; upgrade "
            "that server, or use the one that `timbre review serve` starts"
        )


def _lost(connection: Connection, error: Exception) -> AnnotationError:
    return AnnotationError(
        f"lost the connection to {connection.url} ({error or type(error).__name__}), expected an "
        "answer; run the command again, what was already sent is kept"
    )


def _refused(connection: Connection, response: httpx.Response) -> AnnotationError:
    said = " ".join(_reason(response).split())[:LONGEST_REASON]
    if response.status_code in (401, 403):
        return AnnotationError(
            f"found that this user may not {response.request.method} "
            f"{response.request.url.path} at {connection.url}, expected a user with the right "
            f"role ({said}); use the owner's or an admin's key"
        )
    return AnnotationError(
        f"found that {connection.url} refuses a request ({response.status_code}: {said}), "
        "expected it to be taken; see the server's log"
    )


def _reason(response: httpx.Response) -> str:
    """Why Argilla refuses, in its own words; whatever stands there if it is another who does."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.text
    match detail:
        case {"params": {"errors": [{"loc": where, "msg": why}, *_]}}:
            return f"{' '.join(map(str, where))}: {why}"
        case {"params": {"message": why}}:
            return str(why)
    return str(detail)
