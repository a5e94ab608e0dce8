"""Limits on what one request and one client can make the server do."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from argilla_server.api.schemas.v1.responses import ResponseCreate
from argilla_server.contexts import accounts
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.validators.response_values import SpanQuestionResponseValueValidator
from hypothesis import given
from hypothesis import strategies as st
from tests.routes import Example, create_example
from timbre_argilla.patches import accounts as account_patches
from timbre_argilla.patches.bounds import check_overlaps, limit_size
from timbre_argilla.web.bodies import MAX_VALUES, count_values
from timbre_argilla.web.logins import LoginThrottle

from tests.conftest import Server

MIB = 1 << 20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    server = Server(tmp_path_factory.mktemp("bounds") / "home").start()
    yield create_example(server)
    assert server.stop() == 0, server.read_log()


@pytest.fixture
def anyone(example: Example) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=example.server.client.base_url) as client:
        yield client


def test_only_owners_and_admins_may_send_large_bodies(example: Example) -> None:
    (dataset,) = example.ids["dataset_id"]
    spaces, values = b" " * (MIB + 1), json.dumps([[]] * MAX_VALUES).encode()
    for path in (f"/datasets/{dataset}/records/bulk", "/me/responses/bulk"):
        for content, error in ((spaces, "larger than 1 MiB"), (values, "more than 25,000 values")):
            assert example.server.client.post(path, content=content).status_code == 422
            rejection = example.bob.post(path, content=content)
            assert rejection.status_code == 413
            assert error in rejection.json()["detail"]


@pytest.mark.parametrize("header", [{}, {"X-Argilla-Api-Key": "x"}, {"Authorization": "Bearer x"}])
def test_anything_larger_than_a_login_needs_credentials(
    anyone: httpx.Client, header: dict[str, str]
) -> None:
    for size, status in ((16 << 10, 401), ((16 << 10) + 1, 413)):
        content = b"{}".ljust(size)
        assert (
            anyone.post("/me/responses/bulk", content=content, headers=header).status_code == status
        )


def test_commas_in_texts_arent_values(example: Example) -> None:
    values = {"label": {"value": "yes"}, "comment": {"value": ('"' + ",[" * 99 + "\\") * 130}}
    path = f"/responses/{example.ids['response_id'][1]}"
    response = example.bob.put(path, json={"values": values, "status": "submitted"})
    assert response.json()["values"] == values


def test_lists_that_are_nested_very_deep_are_rejected(example: Example) -> None:
    path = f"/responses/{example.ids['response_id'][1]}"
    for depth in (2_000, MAX_VALUES - 10):
        assert example.bob.put(path, content="[" * depth + "]" * depth).status_code in {400, 422}


def test_a_response_is_small(example: Example) -> None:
    path = f"/responses/{example.ids['response_id'][1]}"
    for text, status in (("é" * 16_000, 200), ("é" * 17_000, 422), ("a" * 33_000, 422)):
        values = {"label": {"value": "yes"}, "comment": {"value": text}}
        response = example.bob.put(path, json={"values": values, "status": "submitted"})
        assert response.status_code == status, response.text


def test_a_response_has_few_values() -> None:
    marks = [{"label": "a", "start": n, "end": n + 1} for n in range(500)]
    for count, is_small in ((498, True), (500, False)):
        response = ResponseCreate(values={"m": {"value": marks[:count]}}, status="draft")
        with nullcontext() if is_small else pytest.raises(UnprocessableEntityError, match="fewer"):
            limit_size(lambda *_: None)(response, None)


def test_a_login_is_small(anyone: httpx.Client) -> None:
    login = {"username": "a" * (16 << 10), "password": "b"}
    assert anyone.post("/token", data=login).status_code == 413


def test_annotators_get_at_most_100_records_at_once(example: Example) -> None:
    path = f"/me/datasets/{example.ids['dataset_id'][0]}/records/search"
    for client, limit, status in (
        (example.bob, 100, 200),
        (example.bob, 101, 422),
        (example.server.client, 1000, 200),
    ):
        assert client.post(f"{path}?limit={limit}", json={}).status_code == status


def test_very_many_errors_arent_listed(example: Example) -> None:
    values: dict[str, Any] = {str(n): {"value": {}} for n in range(100)}
    path = f"/responses/{example.ids['response_id'][1]}"
    response = example.bob.put(path, json={"values": values, "status": "submitted"})
    assert response.status_code == 422
    (error,) = response.json()["detail"]["params"]["errors"]
    assert error["msg"] == "500 values are invalid."


@given(JSON, st.booleans())
def test_values_are_never_undercounted(value: Any, is_ascii: bool) -> None:
    def count(value: Any) -> int:
        match value:
            case list():
                return 1 + sum(map(count, value))
            case dict():
                return 1 + sum(map(count, value.values()))
        return 1

    text = json.dumps(value, ensure_ascii=is_ascii)
    # A list or object counts in place of its first value.
    for encoding in ("utf-8", "utf-16", "utf-32"):
        assert 2 * count_values(text.encode(encoding, "surrogatepass")) + 1 >= count(value)


def test_unfinished_texts_are_counted_in_linear_time() -> None:
    for body in (b'"' + b'\\"' * MIB, b'"' * MIB, b'"\\' * MIB):
        assert count_values(body) == 0


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3)).map(lambda one: (one[0], sum(one))))
)
def test_overlapping_spans_are_found(spans: list[tuple[int, int]]) -> None:
    values = [SimpleNamespace(start=start, end=end) for start, end in spans]
    validator = SpanQuestionResponseValueValidator(values)
    settings = SimpleNamespace(allow_overlapping=False)

    def finds_overlap(check: Any) -> bool:
        try:
            check(validator, settings)
        except UnprocessableEntityError:
            return True
        return False

    stock = SpanQuestionResponseValueValidator._validate_values_are_not_overlapped
    assert finds_overlap(check_overlaps) == finds_overlap(stock)


def test_ten_thousand_spans_are_checked_at_once() -> None:
    values = [SimpleNamespace(start=2 * n, end=2 * n + 1) for n in range(10_000)]
    validator = SimpleNamespace(_response_value=values)
    check_overlaps(validator, SimpleNamespace(allow_overlapping=False))


async def test_a_slow_body_doesnt_keep_others_waiting(example: Example) -> None:
    url = example.server.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /api/v1/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na=b")
    await writer.drain()
    async with httpx.AsyncClient(base_url=url) as anyone:
        assert (await anyone.get("/version")).status_code == 200
    writer.write(b"&c=def")
    assert b" 422 " in await reader.readline()
    writer.close()


async def test_passwords_are_hashed_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, hashes = [], []

    def hash_password(password: str) -> str:
        threads.append(threading.current_thread())
        return f"hash of {password}"

    async def save(*arguments: Any) -> None:
        hashes.append(accounts.hash_password(arguments[-1]["password"]))

    for name in ("create_user", "update_user", "authenticate_user", "get_user_by_api_key"):
        monkeypatch.setattr(accounts, name, save)
    monkeypatch.setattr(accounts, "hash_password", hash_password)
    account_patches.apply(LoginThrottle(tmp_path / "logins.db"))
    await accounts.create_user(None, {"password": "one"})
    await accounts.update_user(None, None, {"password": "two"})
    assert hashes == ["hash of one", "hash of two"]
    assert threading.main_thread() not in threads
    assert accounts.hash_password("three") == "hash of three"
