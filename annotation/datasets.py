"""Argilla datasets by name: found, made where missing, and refused where they are not ours."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import argilla as rg

from annotation.connection import Connection, Server, connect, workspace_id
from annotation.errors import AnnotationError

Shape = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Dataset:
    """A published dataset: its id, its name, and its questions' ids and types by name."""

    id: str
    name: str
    question_ids: dict[str, str]
    question_types: dict[str, str]


def find_dataset(server: Server, name: str) -> Dataset:
    """The dataset of that name in the connection's workspace.

    Args:
        server: The open connection.
        name: The dataset's name.

    Returns:
        What reading and writing records needs of it.

    Raises:
        AnnotationError: if there is none.
    """
    found = _listed(server)
    if name not in found or found[name]["status"] != "ready":
        names = ", ".join(sorted(found)) or "none"
        raise AnnotationError(
            f"found the datasets {names} in the workspace “{server.connection.workspace}”, "
            f"expected “{name}”; push it first with `timbre review push`"
        )
    return _described(server, found[name])


def dataset_names(connection: Connection) -> frozenset[str]:
    """The names of the datasets in the connection's workspace that can be judged.

    Args:
        connection: The server, as anybody who may see the workspace.

    Returns:
        The names.

    Raises:
        AnnotationError: if the server or the workspace is not there.
    """
    with connect(connection) as server:
        found = _listed(server).values()
        return frozenset(str(item["name"]) for item in found if item["status"] == "ready")


def ensure_dataset(server: Server, name: str, build: Callable[[Any], rg.Settings]) -> Dataset:
    """The dataset of that name with these settings, made where there is none.

    Guidelines that have changed are brought up to date.

    Args:
        server: The connection, of an owner or admin.
        name: The dataset's name.
        build: Makes the settings with a client.

    Returns:
        What reading and writing records needs of it.

    Raises:
        AnnotationError: if there is one that asks something else.
    """
    settings = build(server.client)
    found = _listed(server).get(name)
    if found and found["status"] != "ready":
        # Left by a run that was stopped while it made the dataset; it can hold no records yet.
        server.delete(f"datasets/{found['id']}")
        found = None
    if found is None:
        _create(server, name, settings)
        found = _listed(server)[name]
    _check_same(server, found, settings)
    if found["guidelines"] != settings.guidelines:
        server.patch(f"datasets/{found['id']}", {"guidelines": settings.guidelines})
    return _described(server, found)


def _listed(server: Server) -> dict[str, dict[str, Any]]:
    answer = server.get("me/datasets", workspace_id=workspace_id(server))
    return {item["name"]: item for item in answer["items"]}


def _described(server: Server, found: dict[str, Any]) -> Dataset:
    questions = server.get(f"datasets/{found['id']}/questions")["items"]
    return Dataset(
        str(found["id"]),
        str(found["name"]),
        {question["name"]: str(question["id"]) for question in questions},
        {question["name"]: str(question["settings"]["type"]) for question in questions},
    )


def _create(server: Server, name: str, settings: rg.Settings) -> None:
    workspace = server.client.workspaces(id=workspace_id(server))
    try:
        rg.Dataset(name, workspace=workspace, settings=settings, client=server.client).create()
    except rg._exceptions.ArgillaError as error:
        raise AnnotationError(
            f"found that Argilla does not take the settings of “{name}” ({error.__cause__ or error}"
            "), expected it to; use an owner's or admin's key, or mend the tone or persona file"
        ) from error


def _check_same(server: Server, found: dict[str, Any], settings: rg.Settings) -> None:
    wanted = settings.serialize()
    differing = [
        kind
        for kind, path in {
            "fields": "datasets/{}/fields",
            "questions": "datasets/{}/questions",
            "metadata": "me/datasets/{}/metadata-properties",
            "vectors": "datasets/{}/vectors-settings",
        }.items()
        if _shape(server.get(path.format(found["id"]))["items"]) != _shape(wanted[kind])
    ]
    if found["distribution"]["min_submitted"] != settings.distribution.min_submitted:
        differing.append("reviewers a record")
    if differing:
        raise AnnotationError(
            f"found a dataset “{found['name']}” with other {' and '.join(differing)} than this "
            "campaign's, expected the same, for answers are kept under them; give the campaign "
            "another name, or delete that dataset in Argilla if nothing in it is needed"
        )


def _shape(properties: Iterable[dict[str, Any]]) -> Shape:
    """What an answer depends on: a property's name, type and the values it can have."""
    return {
        item["name"]: (
            str(item.get("settings", {}).get("type", item.get("dimensions"))),
            *(str(o["value"]) for o in item.get("settings", {}).get("options") or ()),
        )
        for item in properties
    }
