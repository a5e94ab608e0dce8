"""Requests to which Argilla responds with an internal error."""

from collections.abc import Callable, Iterator

import pytest
from tests.routes import Example, create_example

from tests.conftest import Server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def example(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_url: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> Iterator[Example]:
    url = postgres_url("repairs") if request.param == "postgresql" else ""
    server = Server(tmp_path_factory.mktemp(request.param) / "home", url).start()
    yield create_example(server)
    assert server.stop() == 0, server.read_log()


def test_a_record_with_vectors_can_be_read(example: Example) -> None:
    (record,) = example.ids["record_id"]
    for client in (example.server.client, example.bob):
        assert client.get(f"/records/{record}").json()["vectors"] == {"sense": [1.0, 0.5]}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_null_character_in_an_id_is_no_internal_error(example: Example, method: str) -> None:
    (dataset,) = example.ids["dataset_id"]
    body = {"items": [{"external_id": f"{method}\0", "fields": {"text": "a text"}}]}
    response = example.server.client.request(method, f"/datasets/{dataset}/records/bulk", json=body)
    if example.server.database_url:
        assert response.status_code == 422
        assert response.json() == {
            "detail": "A text contains a null character, which can't be stored. Remove it."
        }
    else:
        assert response.is_success


def test_a_null_character_in_a_response_or_login_is_no_internal_error(example: Example) -> None:
    body = {"values": {"label": {"value": "yes"}, "comment": {"value": "\0"}}, "status": "draft"}
    assert example.bob.put(f"/responses/{example.ids['response_id'][1]}", json=body).is_success
    login = {"username": "\0", "password": "\0"}
    assert example.server.client.post("/token", data=login).status_code in {401, 422}
