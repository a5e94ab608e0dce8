"""A dataset with two annotators' responses, and a request to every route of the API for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from string import Formatter
from typing import Any

import httpx
from tests.examples import send

from tests.conftest import Server

TEXT = {"type": "text", "use_markdown": False}
LABELS = {
    "type": "label_selection",
    "options": [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}],
}
HIDDEN = {"visible_for_annotators": False}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "fields": [{"name": "text", "required": True, "settings": TEXT}],
    "questions": [
        {"name": "label", "required": True, "settings": LABELS},
        {"name": "comment", "settings": TEXT},
    ],
    "metadata-properties": [
        {"name": "source", "settings": {"type": "terms"}},
        {"name": "term", "settings": {"type": "terms"}, **HIDDEN},
        {"name": "number", "settings": {"type": "integer"}, **HIDDEN},
        {"name": "share", "settings": {"type": "float"}, **HIDDEN},
    ],
    "vectors-settings": [{"name": "sense", "dimensions": 2}],
}
METADATA = {"term": "hidden-term", "number": 987654321, "share": 0.246813579, "extra": "unlisted"}
ADAS_COMMENT = "Ada wrote this."
DELETION_ORDER = [
    *("webhooks", "responses", "suggestions", "records", "fields", "questions"),
    *("metadata-properties", "vectors-settings", "datasets", "workspaces", "users"),
]


@dataclass(frozen=True)
class Call:
    """A request to the route `path`."""

    method: str
    path: str
    url: str
    body: Any

    def send(self, client: httpx.Client, **more: Any) -> httpx.Response:
        """Send it; a login's body is a form."""
        kind = "data" if self.path == "/token" else "json"
        return client.request(self.method, self.url, **{kind: self.body}, **more)


@dataclass(frozen=True)
class Example:
    """The dataset, its annotators, and the ids of everything by the name of the path parameter."""

    server: Server
    ada: httpx.Client
    bob: httpx.Client
    ids: dict[str, list[str]]

    def calls(self, bodies: dict[str, Any]) -> Iterator[Call]:
        """Requests to every route for each of its objects, with deletions at the end."""
        paths = self.server.request("GET", "/openapi.json")["paths"]
        routes = [(method.upper(), path) for path in paths for method in paths[path]]
        assert bodies.keys() <= {f"{method} {path}" for method, path in routes}
        for method, path in sorted(routes, key=_order):
            names = [name for _, name, _, _ in Formatter().parse(path) if name]
            for values in product(*(self.ids[name] for name in names)):
                url = path.format(**dict(zip(names, values, strict=True)))
                body = bodies.get(f"{method} {path}")
                yield Call(method, path, url + self._query(method, path), body)

    def bodies(self) -> dict[str, Any]:
        """A valid body for each route that needs one."""
        first = {name: ids[0] for name, ids in self.ids.items()}
        answers = {"values": {"label": {"value": "no"}}, "status": "submitted"}
        record = {"fields": {"text": "more"}, "external_id": "more"}
        hub = {"name": "a/b", "subset": "c", "split": "train"}
        mapping = {"fields": [{"source": "text", "target": "text"}]}
        user = {"username": "new", "first_name": "New", "password": "a long password"}
        suggestion = {"question_id": first["question_id"], "value": "yes"}
        dataset, workspace = "/datasets/{dataset_id}", "/workspaces"
        return {
            "POST /token": {"username": "bob", "password": "the password of bob"},
            f"POST {dataset}/fields": {"name": "f", "title": "F", "settings": TEXT},
            f"POST {dataset}/vectors-settings": {"name": "v", "title": "V", "dimensions": 2},
            f"PATCH {dataset}": {"guidelines": "Read."},
            "POST /datasets": {"name": "another", "workspace_id": first["workspace_id"]},
            f"POST {dataset}/metadata-properties": {
                "name": "m",
                "title": "M",
                "settings": {"type": "terms"},
            },
            f"POST {dataset}/import": hub | {"mapping": mapping},
            f"POST {dataset}/export": hub | {"private": True, "token": "hf_token"},
            f"POST {dataset}/questions": {"name": "q", "title": "Q", "settings": LABELS},
            f"POST /me{dataset}/records/search": {},
            f"POST {dataset}/records/search": {},
            f"POST {dataset}/records/bulk": {"items": [record]},
            f"PUT {dataset}/records/bulk": {"items": [record]},
            "PATCH /fields/{field_id}": {"title": "Another"},
            "PATCH /questions/{question_id}": {"title": "Another"},
            "PATCH /metadata-properties/{metadata_property_id}": {"title": "Another", **HIDDEN},
            "PATCH /records/{record_id}": {"fields": {"text": "changed"}},
            "POST /records/{record_id}/responses": answers,
            "PUT /records/{record_id}/suggestions": suggestion,
            "POST /me/responses/bulk": {"items": [answers | {"record_id": first["record_id"]}]},
            "PUT /responses/{response_id}": answers,
            "PATCH /users/{user_id}": {"password": "a longer password"},
            "POST /users": user | {"role": "annotator"},
            "PATCH /vectors-settings/{vector_settings_id}": {"title": "Another"},
            f"POST {workspace}": {"name": "another"},
            f"POST {workspace}/{{workspace_id}}/users": {"user_id": first["user_id"]},
            "POST /webhooks": {"url": "http://127.0.0.1:1", "events": ["record.created"]},
            "PATCH /webhooks/{webhook_id}": {"enabled": False},
        }

    def _query(self, method: str, path: str) -> str:
        kind = path.rpartition("/")[2]
        if method == "DELETE" and kind in {"records", "suggestions"}:
            return f"?ids={self.ids[f'{kind[:-1]}_id'][0]}"
        if kind in {"records", "search"}:
            return "?include=responses&include=suggestions&include=vectors"
        return ""


def _order(route: tuple[str, str]) -> tuple[int, int, str]:
    method, path = route
    if method != "DELETE":
        return 0, 0, path
    return 1 + DELETION_ORDER.index(path.split("/")[1]), -len(path), path


def create_example(server: Server) -> Example:
    """Create the dataset, and let both annotators answer its record."""
    workspace, dataset = server.create_dataset("example", SETTINGS)
    path = f"/datasets/{dataset}"

    def ids(path: str) -> list[str]:
        return [item["id"] for item in server.request("GET", path)["items"]]

    questions = ids(f"{path}/questions")
    record = {
        "external_id": "r0",
        "fields": {"text": "a text"},
        "metadata": {"source": "a", **METADATA},
        "vectors": {"sense": [1.0, 0.5]},
        "suggestions": [{"question_id": questions[0], "value": "yes", "agent": "a measure"}],
    }
    record = server.upload(dataset, {"items": [record]})["items"][0]
    ada, bob = server.user("ada", workspace), server.user("bob", workspace)
    answers = {"label": {"value": "no"}, "comment": {"value": ADAS_COMMENT}}
    body = {"values": answers, "status": "submitted"}
    responses = [send(ada, "POST", f"/records/{record['id']}/responses", body)["id"]]
    body = {"values": {"label": {"value": "yes"}}, "status": "submitted"}
    responses += [send(bob, "POST", f"/records/{record['id']}/responses", body)["id"]]
    hook = {"url": "http://127.0.0.1:1", "events": ["dataset.deleted"]}
    found = {
        "dataset_id": [dataset],
        "workspace_id": [workspace],
        "field_id": ids(f"{path}/fields"),
        "question_id": questions,
        "metadata_property_id": ids(f"/me{path}/metadata-properties"),
        "vector_settings_id": ids(f"{path}/vectors-settings"),
        "record_id": [record["id"]],
        "suggestion_id": ids(f"/records/{record['id']}/suggestions"),
        "response_id": responses,
        "user_id": [send(one, "GET", "/me")["id"] for one in (ada, bob)],
        "webhook_id": [server.request("POST", "/webhooks", hook)["id"]],
        "job_id": ["none"],
        "provider": ["none"],
    }
    return Example(server, ada, bob, found)
