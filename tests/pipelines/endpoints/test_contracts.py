"""A tone pipeline with each endpoint of the guide: its address, its key, and its differences."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from db.records import Candidate, Passage
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone
from tests.pipelines.endpoints.stand_in import Format, formats, reasons_to_reject, respond
from tests.pipelines.endpoints.test_formats import waits
from tests.pipelines.servers import KEY, Behaviour, Handler, Server, answers

__all__ = ["waits"]
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "generating.md"
CONTRACTS = tomllib.loads(Path(__file__).with_name("contracts.toml").read_text("utf-8"))["contract"]
FORMATS = {given["name"]: given for table in ("requests", "limits") for given in formats(table)}


class Provider:
    """Behaves as one endpoint does."""

    def __init__(self, contract: Format) -> None:
        self.contract = contract
        self.paths: set[str] = set()
        self.headers: set[str] = set()

    def __call__(self, handler: Handler, body: dict[str, Any]) -> None:
        self.paths.add(handler.path)
        self.headers |= {name for name, value in handler.headers.items() if KEY in value}
        first = FORMATS.get(self.contract.get("first", ""))
        given = FORMATS.get(self.contract.get("rejects", ""))
        if first and len(handler.server.requests) == 1:
            respond(handler, first)
        elif given and (rejected := next(reasons_to_reject(given, body), "")):
            respond(handler, {"status": 400, **given}, rejected)
        else:
            self.reply(handler, body)

    def reply(self, handler: Handler, body: dict[str, Any]) -> None:
        texts: list[str] = []
        handler.complete = texts.append  # type: ignore[method-assign, assignment] # the text of a good reply
        answers(handler, body)
        handler.respond(200, self.contract["reply"].replace("@TEXT@", json.dumps(texts[0])[1:-1]))


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("contract", CONTRACTS, ids=[each["name"] for each in CONTRACTS])
def test_an_endpoint_of_the_guide_writes_every_text(
    serve: Callable[[Behaviour], Server], passages: list[Passage], tone: Tone, contract: Format
) -> None:
    provider = Provider(contract)
    server = serve(provider)
    url = server.url.removesuffix("/v1")
    key = KEY if "header" in contract else ""
    plan = GenerationPlan("c", contract["teacher"].replace("URL", url), api_key=key)
    records = list(generate_conversations(passages, tone, plan))
    assert all(isinstance(record, Candidate) for record in records), records
    assert provider.paths == {contract["path"]}
    assert provider.headers == ({contract["header"]} if key else set())
    rejected = FORMATS.get(contract.get("rejects", ""), {"changes": []})
    assert plan.dialect.changes == rejected["changes"]


def test_the_guide_has_a_line_for_each_endpoint() -> None:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    for contract in CONTRACTS:
        kind, _, rest = contract["teacher"].partition(":")
        end = urlsplit(rest.partition("@")[2]).path.removeprefix("URL").partition("?")[0]
        name = contract["name"].split()[0].removesuffix("'s")
        lines = [row for row in rows if row.startswith(f"| {name}")]
        assert any(f"{kind}:" in line and f"{end}" in line for line in lines), contract["name"]
