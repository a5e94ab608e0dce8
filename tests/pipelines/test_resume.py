"""A run killed at any moment continues where it was: nothing is lost or asked twice."""

import contextlib
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from random import Random

from db.records import Passage
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone

KILLS = 20


def many(texts: list[str], count: int) -> list[Passage]:
    return [
        Passage(article="a", section="", position=n, text=f"{texts[n % len(texts)]} It is no. {n}.")
        for n in range(count)
    ]


def generate(plan: GenerationPlan, tone: Tone, passages: list[Passage]) -> list[str]:
    return [record.id for record in generate_conversations(passages, tone, plan)]


def whole_lines(path: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return [json.loads(line)["key"] for line in path.read_bytes().split(b"\n")[:-1]]
    return []


def test_run_killed_twenty_times_gives_the_same_records(
    tmp_path: Path, tone: Tone, passages: list[Passage]
) -> None:
    passages = many([passage.text for passage in passages], 300)
    undisturbed = GenerationPlan("c", journal=tmp_path / "undisturbed.jsonl")
    disturbed = GenerationPlan("c", journal=tmp_path / "disturbed.jsonl")
    expected = generate(undisturbed, tone, passages)

    assert disturbed.journal is not None
    moments = Random(7)  # noqa: S311 # no secret
    earlier: list[str] = []
    for _ in range(KILLS):
        # A forked child starts at once, so that it can be killed early in the run.
        child = multiprocessing.get_context("fork").Process(
            target=generate, args=(disturbed, tone, passages)
        )
        child.start()
        time.sleep(moments.uniform(0.005, 0.12))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        child.close()
        assert whole_lines(disturbed.journal)[: len(earlier)] == earlier
        earlier = whole_lines(disturbed.journal)

    assert generate(disturbed, tone, passages) == expected
    keys = whole_lines(disturbed.journal)
    assert len(keys) == len(set(keys))
    assert undisturbed.journal is not None
    assert sorted(keys) == sorted(whole_lines(undisturbed.journal))
