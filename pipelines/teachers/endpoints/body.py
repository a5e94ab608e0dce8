"""Decode response bodies: plain or compressed, a single JSON value or a stream of events."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from pipelines.teachers.endpoints.api_error import find_error

_GZIP = b"\x1f\x8b"
_NO_VALUES = ("", "[DONE]")


class CutOffError(ValueError):
    """Raised if a response body ends before the reply is complete."""


def decode_text(body: bytes) -> str:
    """Decode a body to text.

    Gzip is detected from the first bytes, because some proxies compress without a header.
    """
    if body.startswith(_GZIP):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise CutOffError("a damaged gzip body") from error
    return body.decode("utf-8-sig", "replace")


def decode_value(text: str) -> Any:
    """Parse a body as JSON; the events of a stream are combined into a single reply.

    Raises `ValueError` if the body is neither JSON nor a stream, and `CutOffError` if a stream
    ended early.
    """
    lines = text.lstrip()
    if lines.startswith(("data:", "event:", ":", "id:")):
        return _merge(_events(text.splitlines()))
    try:
        return json.loads(text)
    except ValueError:
        # Ollama streams one object a line.
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
    if len(values) < 2 or not all(isinstance(value, dict) for value in values):
        raise ValueError("the body isn't a JSON value")
    return _merge(values)


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects in a stream of server-sent events, skipping comments."""
    for line in lines:
        name, _, data = line.partition(":")
        if name == "data" and data.strip() not in _NO_VALUES:
            value = json.loads(data)
            if not isinstance(value, dict):
                raise ValueError("an event in the response isn't a JSON object")
            yield value


def _merge(events: Iterable[dict[str, Any]]) -> Any:
    """Combine the events of a stream into one reply, or return the first error event."""
    events = list(events)
    for event in events:
        if find_error(200, event, ""):
            return event
    if any(event.get("type") == "message_start" for event in events):
        return _merge_messages(events)
    return _merge_chunks(events)


def _merge_chunks(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Combine the chunks of OpenAI's API into one completion, using only the first choice."""
    texts, reasoning, refusals = list[str](), list[str](), list[str]()
    finish_reason, usage = None, None
    for event in events:
        usage = event.get("usage") or usage
        for choice in event.get("choices") or ():
            if choice.get("index", 0) != 0:
                continue
            finish_reason = choice.get("finish_reason") or finish_reason
            delta = choice.get("delta") or choice.get("message") or {}
            texts.append(join_parts(delta.get("content")))
            refusals.append(delta.get("refusal") or "")
            reasoning.append(delta.get("reasoning_content") or delta.get("reasoning") or "")
    if finish_reason is None:
        raise CutOffError("the stream ended early")
    message = {
        "content": "".join(texts),
        "reasoning": "".join(reasoning),
        "refusal": "".join(refusals) or None,
    }
    return {"choices": [{"message": message, "finish_reason": finish_reason}], "usage": usage}


def _merge_messages(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Combine the events of Anthropic's API into one message."""
    blocks: dict[int, dict[str, Any]] = {}
    stop_reason, usage = None, dict[str, Any]()
    for event in events:
        usage |= (event.get("message") or event).get("usage") or {}
        if event["type"] == "content_block_start":
            blocks[event["index"]] = {**event["content_block"], "json": ""}
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            block["json"] += delta.get("partial_json", "")
            block["text"] = block.get("text", "") + delta.get("text", "")
        elif event["type"] == "message_delta":
            stop_reason = event["delta"].get("stop_reason")
    if stop_reason is None:
        raise CutOffError("the stream ended early")
    for block in blocks.values():
        if block["json"]:
            block["input"] = json.loads(block["json"])
    content = [blocks[index] for index in sorted(blocks)]
    return {"content": content, "stop_reason": stop_reason, "usage": usage}


def join_parts(content: Any) -> str:
    """Join the text parts of a message's content, leaving out reasoning."""
    if isinstance(content, str):
        return content
    return "".join(map(_part_text, content)) if isinstance(content, list) else ""


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type", "text") not in {"text", "output_text"}:
        return ""
    text = part.get("text")
    return text if isinstance(text, str) else ""
