"""Clients for the batch APIs of OpenAI and Anthropic, which cost half as much but can take a day.

Each request carries an id that we choose, and the provider returns this id with the result.
"""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from pipelines.errors import TeacherError
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.teachers.endpoints.response import Outcome, Response

_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_MAX_WAIT = 60.0
_PAGE = 100
EXPIRED = Response(503, {}, b'{"error": "The batch ended before the request was processed."}')


@dataclass(frozen=True)
class BatchProgress:
    """The progress of a batch: how many requests were processed, and whether the batch has ended.

    `error` says why the provider rejected the whole batch; it's empty if the batch was accepted.
    """

    done: int
    total: int
    is_ended: bool
    error: str = ""


@dataclass(frozen=True)
class BatchResult:
    """The response to one request of a batch."""

    id: str
    response: Response


class BatchApi(ABC):
    """The base class of batch clients, which submit an endpoint's requests and read the results."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Use an endpoint's address, API key and retry settings."""
        self._endpoint = endpoint
        self._url = endpoint.url.rstrip("/").removesuffix(endpoint.path)

    @abstractmethod
    def submit(self, bodies: Mapping[str, dict[str, Any]], token: str) -> str:
        """Submit requests, keyed by id, and return the id of the new batch.

        `token` identifies the batch if the API can store it.
        """

    @abstractmethod
    def find(self, token: str, count: int, since: float) -> str:
        """Return the id of a batch that was submitted after `since`, or an empty string.

        The batch is identified by its token or, if the API doesn't store tokens, by its number of
        requests.
        """

    @abstractmethod
    def progress(self, batch: str) -> BatchProgress:
        """Return the progress of a batch."""

    @abstractmethod
    def results(self, batch: str) -> Iterator[BatchResult]:
        """Yield the results of a batch that has ended; unprocessed requests may be missing."""

    def call(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send a request, and retry after temporary failures.

        Raises `TeacherError` if retrying doesn't help.
        """
        url = path if path.startswith("http") else f"{self._url}{path}"
        headers = self._endpoint.headers()
        if httpx.URL(url).host != httpx.URL(self._url).host:
            headers = {}  # a results link on another host needs no API key
        start, retries, outcome = time.monotonic(), 0, Outcome()
        while time.monotonic() - start <= self._endpoint.patience:
            try:
                response = httpx.request(
                    method, url, headers=headers, timeout=self._endpoint.timeout, **content
                )
            except httpx.HTTPError as error:
                outcome = Outcome(failure=type(error).__name__)
            else:
                if response.is_success:
                    return response
                received = Response(response.status_code, response.headers, response.content)
                outcome = self._endpoint.reader.read(received)
            if outcome.fatal or outcome.is_final:
                break
            time.sleep(outcome.wait or min(self._endpoint.first_wait * 2**retries, _MAX_WAIT))
            retries += 1
        last = outcome.last_resort()
        reason = outcome.fatal or f"{last.reason}: {last.raw}".removesuffix(": ")
        raise TeacherError(f"The batch at {self._url} failed. {reason}")


class OpenAIBatchApi(BatchApi):
    """OpenAI's batch API, which exchanges requests and results as files."""

    def submit(self, bodies: Mapping[str, dict[str, Any]], token: str) -> str:
        """Upload the requests and create a batch of them."""
        path = f"/v1{self._endpoint.path}"
        lines = [
            json.dumps({"custom_id": id, "method": "POST", "url": path, "body": body})
            for id, body in bodies.items()
        ]
        content = "\n".join(lines).encode()
        files = {"file": ("requests.jsonl", content, "application/jsonl")}
        uploaded = self.call("POST", "/files", files=files, data={"purpose": "batch"}).json()
        batch = {
            "input_file_id": uploaded["id"],
            "endpoint": path,
            "completion_window": "24h",
            "metadata": {"timbre": token},
        }
        return str(self.call("POST", "/batches", json=batch).json()["id"])

    def find(self, token: str, count: int, since: float) -> str:
        """Return the id of the batch that was submitted with this token."""
        del count, since
        listed = self.call("GET", f"/batches?limit={_PAGE}").json()["data"]
        ids = [each["id"] for each in listed if (each.get("metadata") or {}).get("timbre") == token]
        return ids[0] if ids else ""

    def progress(self, batch: str) -> BatchProgress:
        """Return the progress of a batch."""
        status = self.call("GET", f"/batches/{batch}").json()
        counts = status.get("request_counts") or {}
        errors = (status.get("errors") or {}).get("data") or []
        return BatchProgress(
            done=counts.get("completed", 0) + counts.get("failed", 0),
            total=counts.get("total", 0),
            is_ended=status["status"] in _ENDED,
            error="; ".join(str(error.get("message")) for error in errors),
        )

    def results(self, batch: str) -> Iterator[BatchResult]:
        """Yield the results in a batch's output file and in its error file."""
        status = self.call("GET", f"/batches/{batch}").json()
        for name in ("output_file_id", "error_file_id"):
            if file := status.get(name):
                for line in self.call("GET", f"/files/{file}/content").text.splitlines():
                    yield _openai_result(json.loads(line))


class AnthropicBatchApi(BatchApi):
    """Anthropic's batch API, which receives all requests of a batch in a single body."""

    def submit(self, bodies: Mapping[str, dict[str, Any]], token: str) -> str:
        """Create a batch. The token isn't sent, because Anthropic's API can't store it."""
        del token
        requests = [{"custom_id": id, "params": body} for id, body in bodies.items()]
        created = self.call("POST", "/messages/batches", json={"requests": requests})
        return str(created.json()["id"])

    def find(self, token: str, count: int, since: float) -> str:
        """Return the id of a batch that has `count` requests and was created after `since`."""
        del token
        for each in self.call("GET", f"/messages/batches?limit={_PAGE}").json()["data"]:
            created = datetime.fromisoformat(each["created_at"]).timestamp()
            if created >= since - 1 and sum(each["request_counts"].values()) == count:
                return str(each["id"])
        return ""

    def progress(self, batch: str) -> BatchProgress:
        """Return the progress of a batch."""
        status = self.call("GET", f"/messages/batches/{batch}").json()
        counts = status["request_counts"]
        total = sum(counts.values())
        is_ended = status["processing_status"] == "ended"
        return BatchProgress(total - counts["processing"], total, is_ended)

    def results(self, batch: str) -> Iterator[BatchResult]:
        """Download the results of a batch and yield them."""
        url = self.call("GET", f"/messages/batches/{batch}").json()["results_url"]
        for line in self.call("GET", url).text.splitlines():
            entry = json.loads(line)
            result = entry["result"]
            value = result.get("message") or result.get("error")
            is_processed = result["type"] in {"succeeded", "errored"}
            response = Response(200, {}, json.dumps(value).encode()) if is_processed else EXPIRED
            yield BatchResult(entry["custom_id"], response)


def _openai_result(entry: dict[str, Any]) -> BatchResult:
    response = entry.get("response")
    if not response:
        return BatchResult(entry["custom_id"], EXPIRED)
    body = json.dumps(response["body"]).encode()
    return BatchResult(entry["custom_id"], Response(response["status_code"], {}, body))
