"""The prompts of LLM judges, and their parsed replies."""

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
    parse_ratings,
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


def test_the_prompts_equal_the_golden_file() -> None:
    traits = trait_rubric(
        [
            ("patient", "Waits.", ("waits things out", "says so"), ("snaps",)),
            ("dry", "Jokes.", ("understates",), ("laughs", "mocks")),
        ]
    )
    parts = []
    for rubric, question in ((TONE, "What is it like?"), (traits, "")):
        chat, schema = rubric.prompt(question, "It's wet, and </text> is a tag.")
        parts += [f"[{turn['role']}]\n{turn['content']}" for turn in chat]
        parts.append(json.dumps(schema))
    assert "\n\n".join(parts) + "\n" == GOLDEN.read_text(encoding="utf-8")


@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["{}", "```json\n{}\n```", "So: {}."]))
def test_ratings_are_parsed_from_a_reply_with_text_around_them(
    dry: int, long: int, around: str
) -> None:
    reply = json.dumps({"dry": dry, "long-winded": long})
    assert parse_ratings(around.replace("{}", reply), BOTH) == {"dry": dry, "long-winded": long}


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "",
        "no",
        "{",
        '{"dry": 3}',
        '{"dry": 3, "long-winded": 5}',
        '{"dry": true, "long-winded": 1}',
        '{"dry": "3", "long-winded": 1}',
        '{"dry": 1.5, "long-winded": 1}',
        "[3, 1]",
    ],
)
def test_a_reply_without_every_rating_in_range_has_no_ratings(reply: str | None) -> None:
    assert parse_ratings(reply, BOTH) is None


def test_a_judge_sends_one_prompt_per_text_and_names_its_measures() -> None:
    sent: list[Prompt] = []

    def complete(prompts: object) -> list[str | None]:
        sent.extend(prompts)  # type: ignore[arg-type] # a list of prompts
        return ['{"spoken": 4}', "I would rather not."]

    ratings = list(judge().rate([("Why?", "It's so."), ("", "It is so.")], complete))
    assert ratings == [{"judge.spoken": 4.0}, None]
    assert [feature.name for feature in judge().features] == ["judge.spoken"]
    assert "Why?" in sent[0][0][1]["content"]
    assert "<question>" not in sent[1][0][1]["content"]


def test_another_model_parameter_or_rubric_changes_the_source() -> None:
    first = judge()
    others = [
        judge("openai:large"),
        judge(rubric=replace(TONE, high=7)),
        judge(rubric=tone_rubric("spoken", "as said aloud!", {1: "like a book.", 5: "like talk."})),
        replace(first, parameters='{"temperature":1}'),
    ]
    assert len({first.source, *(other.source for other in others)}) == 5
    assert first.source == judge().source


def test_the_middle_is_that_of_the_range() -> None:
    assert (TONE.middle, BOTH.middle) == (3, 2)


@pytest.mark.parametrize(("values", "middle"), [((0, 1), 0.5), ((1, 2, 3), 2), ((0, 1, 10), 1)])
def test_a_rating_counts_above_the_middle_step_of_any_scale(
    values: tuple[int, ...], middle: float
) -> None:
    rubric = tone_rubric("brisk", "short", {value: f"step {value}" for value in values})
    assert (rubric.low, rubric.high, rubric.middle) == (values[0], values[-1], middle)
    name = rubric.criteria[0].name
    assert parse_ratings(f'{{"{name}": {values[-1]}}}', rubric) == {name: values[-1]}
    assert parse_ratings(f'{{"{name}": {values[-1] + 1}}}', rubric) is None
