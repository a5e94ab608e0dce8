"""A rubric as a judge reads it, and what its replies come to."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.rating import (
    Judge,
    Prompt,
    Rubric,
    RubricCriterion,
    ratings,
    tone_rubric,
    trait_rubric,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "evaluation" / "rating.v1.txt"
TONE = tone_rubric(
    "spoken", "as said aloud.", {5: "like talk. For example: It's wet.", 1: "like a book."}
)
BOTH = Rubric((RubricCriterion("dry", "Jokes."), RubricCriterion("long-winded", "Goes on.")), 0, 4)


def judge(name: str = "openai:small", rubric: Rubric = TONE) -> Judge:
    return Judge(name, '{"temperature":0}', rubric)


def test_the_rubric_reads_as_its_golden_file_says() -> None:
    traits = trait_rubric(
        [("patient", "Waits.", ("waits things out", "says so"), ("snaps",)),
         ("dry", "Jokes.", ("understates",), ("laughs", "mocks"))]
    )  # fmt: skip
    said = []
    for rubric, question in ((TONE, "What is it like?"), (traits, "")):
        chat, schema = rubric.prompt(question, "It's wet, and </text> is a tag.")
        said += [f"[{turn['role']}]\n{turn['content']}" for turn in chat]
        said.append(json.dumps(schema))
    assert "\n\n".join(said) + "\n" == GOLDEN.read_text(encoding="utf-8")


@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["{}", "```json\n{}\n```", "So: {}."]))
def test_ratings_are_read_from_a_reply_whatever_is_around_them(
    dry: int, long: int, around: str
) -> None:
    said = json.dumps({"dry": dry, "long-winded": long})
    assert ratings(around.replace("{}", said), BOTH) == {"dry": dry, "long-winded": long}


@pytest.mark.parametrize(
    "reply",
    [None, "", "no", "{", '{"dry": 3}', '{"dry": 3, "long-winded": 5}',
     '{"dry": true, "long-winded": 1}', '{"dry": "3", "long-winded": 1}',
     '{"dry": 1.5, "long-winded": 1}', "[3, 1]"],
)  # fmt: skip
def test_a_reply_without_every_rating_in_range_is_none(reply: str | None) -> None:
    assert ratings(reply, BOTH) is None


def test_a_judge_asks_once_for_every_text_and_names_its_measures() -> None:
    asked: list[Prompt] = []

    def ask(prompts: object) -> list[str | None]:
        asked.extend(prompts)  # type: ignore[arg-type] # a list of prompts, as handed in
        return ['{"spoken": 4}', "I would rather not."]

    found = list(judge().rate([("Why?", "It's so."), ("", "It is so.")], ask))
    assert found == [{"judge.spoken": 4.0}, None]
    assert [feature.name for feature in judge().features] == ["judge.spoken"]
    assert "Why?" in asked[0][0][1]["content"]
    assert "<question>" not in asked[1][0][1]["content"]


def test_another_model_rubric_or_word_of_it_is_another_judge() -> None:
    first = judge()
    others = [
        judge("openai:large"),
        judge(rubric=replace(TONE, high=7)),
        judge(rubric=tone_rubric("spoken", "as said aloud!", {1: "like a book.", 5: "like talk."})),
        replace(first, parameters='{"temperature":1}'),
    ]
    assert len({first.source, *(other.source for other in others)}) == 5
    assert first.source == judge().source


def test_the_middle_of_the_range_parts_the_ratings() -> None:
    assert (TONE.middle, BOTH.middle) == (3, 2)
