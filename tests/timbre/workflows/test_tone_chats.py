"""Chats with a system prompt or several turns go through a tone campaign like other texts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotation.argilla.accounts import add_user
from annotation.argilla.connection import Connection, connect
from annotation.argilla.datasets import dataset_names, find_dataset
from annotation.submit import submit
from db.records import (
    Answer,
    Candidate,
    CandidateKind,
    Example,
    Output,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
)
from db.store import Store
from tests.timbre.conftest import Timbre, ignore_progress
from tests.timbre.workflows.conftest import add_passages
from timbre.campaign import load_campaign
from timbre.workflows.review.pull import pull_campaign
from timbre.workflows.review.push import push, push_outputs

SYSTEM = {"role": "system", "content": "You are the helper of a small shop."}
WORDS = "lamp kettle chair table mirror carpet cupboard pillow curtain drawer shelf basket"
FERRY = "The old ferry was built in the town in 1912. It crosses the sound in 35 minutes."
CAMPAIGN = """
name = "shop"
tone = "conversational"
training = "tiny.toml"
[generate]
limit = 2
[review]
overlap = 1
[gates]
approved = 1
agreement = 0.0
near_duplicate = 1.0
[freeze]
train = 0.5
validation = 0.0
test = 0.5
[evaluate]
max_new_tokens = 3
"""


def turns(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


def chat(word: str, number: int) -> dict[str, object]:
    """A chat about a thing: a single exchange, one after a system prompt, or two exchanges."""
    answer = f"You can bring the {word} back within thirty days, and we'll send you a label for it."
    first = turns(f"Can I return the {word}?", answer)
    second = turns("And if I lost the bill?", f"Then show us how you paid for that {word}, please.")
    return {"messages": ([*first], [SYSTEM, *first], [SYSTEM, *first, *second])[number % 3]}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trainer.embed.embed", lambda texts: np.ones((len(texts), 384)))
    Path("shop.toml").write_text(CAMPAIGN, encoding="utf-8")
    Path("tiny.toml").write_text(
        f'base = "{tiny_model}"\nsteps = 2\nbatch_size = 2\nlora_rank = 2\nprecision = "float32"\n'
        "truncate = true\n",
        encoding="utf-8",
    )
    lines = [json.dumps(chat(word, number)) for number, word in enumerate(WORDS.split())]
    Path("chats.jsonl").write_text("\n".join(lines), encoding="utf-8")


def test_chats_are_pushed_reviewed_frozen_trained_and_compared(
    timbre: Timbre, store: Store, owner: Connection
) -> None:
    add_passages(store, (FERRY,))
    timbre("generate", "shop.toml")
    timbre("chats", "add", "shop.toml", "chats.jsonl", "--licence", "our own")
    campaign = load_campaign("shop.toml")
    candidates = list(store.stream(Candidate, campaign="shop"))
    kinds = [c.kind for c in candidates if c.passage is None]
    assert kinds.count(CandidateKind.CONVERSATION) == 4
    assert kinds.count(CandidateKind.DIALOGUE) == 8
    assert push(store, campaign, owner, ignore_progress).new == len(candidates) == 13
    datasets = {"shop-candidates", "shop-candidates-chats"}
    assert datasets <= dataset_names(owner)

    annotator = replace(owner, api_key=add_user(owner, "shopkeeper").api_key)
    for candidate in candidates:
        answers: dict[str, int | str] = {"tone": 4, "natural": "yes", "decision": "approve"}
        answers |= {"faithful": "yes"} if candidate.passage else {}
        name = "shop-candidates" if candidate.passage else "shop-candidates-chats"
        submit(annotator, name, [approval(candidate.id, answers)])
    counts = dict(pull_campaign(store, campaign, owner))
    assert {name: count.new for name, count in counts.items()} == {
        "shop-candidates": 1,
        "shop-candidates-chats": 12,
    }
    timbre("version", "freeze", "shop.toml", "--override", "a test")
    examples = list(store.stream(Example))
    assert sum(example.messages[0].role is Role.SYSTEM for example in examples) == 8

    timbre("run", "perform", "shop", "--campaign", "shop.toml")
    push_outputs(store, campaign, owner, ignore_progress)
    with connect(owner) as server:
        dataset = find_dataset(server, "shop-outputs-chats").id
        records = server.get(f"datasets/{dataset}/records")["items"]
    shown = {record["fields"]["question"] for record in records}
    held_out = {output.prompt for output in store.stream(Output)}
    dialogues = [e for e in examples if e.id in held_out and len(e.messages) == 5]
    assert dialogues
    for example in dialogues:
        *before, _ = example.messages
        assert any(all(message.content in text for message in before) for text in shown)
    assert "(no question)" not in shown
    page = timbre("report", "shop.toml").out
    assert "shop" in page


def approval(subject: str, answers: dict[str, int | str]) -> Review:
    return Review(
        subject=subject,
        reviewer="",
        reviewer_kind=ReviewerKind.PERSON,
        status=ReviewStatus.SUBMITTED,
        answers=tuple(Answer(name, value) for name, value in sorted(answers.items())),
    )
