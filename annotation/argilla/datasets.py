"""Find Argilla datasets by name, and create or update them during a push."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotation.argilla.answer_values import RENAMED_LABELS
from annotation.argilla.connection import Connection, Json, Server, connect, workspace_id
from annotation.argilla.html_text import check_name
from annotation.errors import AnnotationError

if TYPE_CHECKING:
    import argilla as rg


@dataclass(frozen=True)
class Dataset:
    """A published dataset: its id, its name, and the ids and types of its questions by name."""

    id: str
    name: str
    question_ids: dict[str, str]
    question_types: dict[str, str]


def find_dataset(server: Server, name: str) -> Dataset:
    """Find a dataset by name in the connection's workspace.

    Raises `AnnotationError` if the dataset doesn't exist.
    """
    datasets = _list_datasets(server)
    if name not in datasets or datasets[name]["status"] != "ready":
        names = ", ".join(sorted(datasets)) or "none"
        raise AnnotationError(
            f"The workspace “{server.connection.workspace}” has no dataset “{name}” (existing "
            f"datasets: {names}). Push it first with `timbre review push`."
        )
    return _dataset(server, datasets[name])


def dataset_names(connection: Connection) -> frozenset[str]:
    """Return the names of the published datasets in the connection's workspace.

    Raises `AnnotationError` if the server can't be reached or the workspace doesn't exist.
    """
    with connect(connection) as server:
        datasets = _list_datasets(server).values()
        return frozenset(str(item["name"]) for item in datasets if item["status"] == "ready")


def ensure_dataset(server: Server, name: str, settings: "rg.Settings") -> Dataset:
    """Return the dataset with this name, or create it with `settings` if it doesn't exist.

    If the dataset already exists, its guidelines, titles and descriptions are updated, and missing
    metadata properties are added. A dataset that an interrupted push left unpublished is replaced,
    and so is an empty dataset whose answer options have changed. The connected Argilla user must be
    an owner or an admin.

    Raises `AnnotationError` if an existing dataset has different fields or questions.
    """
    existing = _list_datasets(server).get(name)
    if existing and _is_replaceable(server, existing, settings):
        server.delete(f"datasets/{existing['id']}")
        existing = None
    if existing is None:
        _create(server, name, settings)
        existing = _list_datasets(server)[name]
    _add_metadata(server, existing, settings)
    _check_same(server, existing, settings)
    _update_texts(server, existing, settings)
    return _dataset(server, existing)


def _list_datasets(server: Server) -> dict[str, Json]:
    response = server.get("me/datasets", workspace_id=workspace_id(server))
    return {item["name"]: item for item in response["items"]}


def _dataset(server: Server, dataset: Json) -> Dataset:
    questions = server.get(f"datasets/{dataset['id']}/questions")["items"]
    return Dataset(
        str(dataset["id"]),
        str(dataset["name"]),
        {question["name"]: str(question["id"]) for question in questions},
        {question["name"]: str(question["settings"]["type"]) for question in questions},
    )


def _create(server: Server, name: str, settings: "rg.Settings") -> None:
    import argilla as rg  # takes seconds, and only a push needs it

    check_name("dataset", name)
    workspace = server.client.workspaces(id=workspace_id(server))
    try:
        rg.Dataset(name, workspace=workspace, settings=settings, client=server.client).create()
    except rg._exceptions.ArgillaError as error:
        raise AnnotationError(
            f"Argilla rejected the settings of the dataset “{name}” ({error.__cause__ or error}). "
            "Use the API key of the owner or an admin, or correct the tone or persona file."
        ) from error


def _is_replaceable(server: Server, dataset: Json, settings: "rg.Settings") -> bool:
    """Return whether a dataset is unpublished, or is empty and has outdated answer options."""
    if dataset["status"] != "ready":
        return True
    items = server.get(f"datasets/{dataset['id']}/questions")["items"]
    expected = settings.serialize()["questions"]
    is_ours = {item["name"] for item in items} == {item["name"] for item in expected}
    if not is_ours or _shape(items) == _shape(expected):
        return False
    return not server.get(f"datasets/{dataset['id']}/records", limit=1)["items"]


def _add_metadata(server: Server, dataset: Json, settings: "rg.Settings") -> None:
    """Add the metadata properties that an existing dataset doesn't have yet."""
    path = f"datasets/{dataset['id']}/metadata-properties"
    names = {item["name"] for item in server.get(f"me/{path}")["items"]}
    for item in settings.serialize()["metadata"]:
        if item["name"] not in names:
            keys = ("name", "title", "settings", "visible_for_annotators")
            server.post(path, {key: item[key] for key in keys if key in item})


def _check_same(server: Server, dataset: Json, settings: "rg.Settings") -> None:
    differences = _differences(server, dataset, settings)
    if differences:
        raise AnnotationError(
            f"The dataset “{dataset['name']}” exists in Argilla with different "
            f"{' and '.join(differences)}, and changing them could delete answers. Rename the "
            "campaign, or delete the dataset in Argilla if you don't need it."
        )


def _differences(server: Server, dataset: Json, settings: "rg.Settings") -> list[str]:
    expected = settings.serialize()
    paths = {
        "fields": "datasets/{}/fields",
        "questions": "datasets/{}/questions",
        "metadata": "me/datasets/{}/metadata-properties",
        "vectors": "datasets/{}/vectors-settings",
    }
    differences = [
        kind
        for kind, path in paths.items()
        if _shape(server.get(path.format(dataset["id"]))["items"]) != _shape(expected[kind])
    ]
    if dataset["distribution"]["min_submitted"] != settings.distribution.min_submitted:
        differences.append("reviewers per record")
    return differences


def _shape(properties: Iterable[Json]) -> dict[str, tuple[str, ...]]:
    """Return the name, type and possible values of each property, such as a field or question."""
    return {
        item["name"]: (
            str(item.get("settings", {}).get("type", item.get("dimensions"))),
            *(_option(o["value"]) for o in item.get("settings", {}).get("options") or ()),
        )
        for item in properties
    }


def _option(value: object) -> str:
    return RENAMED_LABELS.get(str(value), str(value))


def _update_texts(server: Server, dataset: Json, settings: "rg.Settings") -> None:
    if dataset["guidelines"] != settings.guidelines:
        server.patch(f"datasets/{dataset['id']}", {"guidelines": settings.guidelines})
    expected = settings.serialize()
    for kind, keys in (("fields", ["title"]), ("questions", ["title", "description"])):
        texts = {item["name"]: {key: item.get(key) for key in keys} for item in expected[kind]}
        for item in server.get(f"datasets/{dataset['id']}/{kind}")["items"]:
            if {key: item.get(key) for key in keys} != texts[item["name"]]:
                server.patch(f"{kind}/{item['id']}", texts[item["name"]])
