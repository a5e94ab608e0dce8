"""What a server that stands in for any provider answers: the formats of the tables here."""

import gzip
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.pipelines.servers import Handler

Format = dict[str, Any]
OK = '{"answer": "ok"}'
CHAT = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": 'Tell me about the thing.\nReply with {"answer": "…"} and nothing else.',
    },
]
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
_TIME = re.compile(r"@IN:(\d+) ?(\w*)@")


def formats(table: str) -> list[Format]:
    """The formats of a table in this folder."""
    text = (Path(__file__).parent / f"{table}.toml").read_text(encoding="utf-8")
    listed: list[Format] = tomllib.loads(text)["format"]
    return listed


def respond(handler: Handler, given: Format, rejected: str = "") -> None:
    """Respond in a format."""
    text = given["body"].replace("@OK@", json.dumps(OK)[1:-1]).replace("@REJECTED@", rejected)
    body = gzip.compress(text.encode()) if given.get("gzip") else text.encode()
    handler.send_response(given.get("status", 200))
    handler.send_header("Content-Type", given.get("content_type", "application/json"))
    for name, value in given.get("headers", {}).items():
        handler.send_header(name, _TIME.sub(_time, value))
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def reasons_to_reject(given: Format, request: dict[str, Any]) -> Iterator[str]:
    """The parameters of a request that a format rejects."""
    roles = {message["role"] for message in request["messages"]}
    for rule in given["rejects"]:
        name, _, value = rule.partition("=")
        if name == "!stream":
            is_rejected = not request.get("stream")
        elif name == "role":
            is_rejected = value in roles
        elif value == "json_schema":
            is_rejected = request.get(name, {}).get("type") == value
        else:
            is_rejected = name in request and (not value or str(request[name]) == value)
        if is_rejected:
            yield name


def _time(match: re.Match[str]) -> str:
    time = datetime.now(UTC) + timedelta(seconds=int(match[1]))
    if match[2] == "ms":
        return str(round(time.timestamp() * 1000))
    return time.isoformat() if match[2] == "iso" else format_datetime(time, usegmt=True)
