"""A judge behind an endpoint: its reasoning never reaches a rating, and it fails fast."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from evaluation.rating import Judge, tone_rubric
from pipelines.completions import complete_chats
from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from tests.pipelines.servers import Behaviour, Handler, Server, completion

Serve = Callable[[Behaviour], Server]
RUBRIC = tone_rubric("warm", "The text sounds warm.", {1: "cold", 3: "neither", 5: "warm"})
TEXTS = [("Who?", f"Text no. {n}.") for n in range(5)]


def rate(server: Server) -> list[dict[str, float] | None]:
    plan = GenerationPlan("c", f"openai:m@{server.url}", temperature=0.0, max_tokens=200)
    judge = Judge(plan.teacher, "{}", RUBRIC)
    return list(judge.rate(TEXTS, lambda prompts: complete_chats(prompts, plan)))


@pytest.mark.parametrize(
    "text",
    [
        '{"warm": 4}',
        '<think>Not {"warm": 1}, I think.</think>{"warm": 4}',
        'It could be {"warm": 1}.\n</think>\n{"warm": 4}',
        '```json\n{"warm": 4,}\n```',
        '{"warm": 4} // quite warm',
    ],
)
def test_a_judge_s_rating_is_read_without_its_reasoning(serve: Serve, text: str) -> None:
    server = serve(lambda handler, _: handler.respond(200, completion(text)))
    assert rate(server) == [{"judge.warm": 4.0}] * 5


def test_a_rating_in_a_field_for_reasoning_is_none(serve: Serve) -> None:
    message = {"content": None, "reasoning_content": '{"warm": 1}'}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})
    server = serve(lambda handler, _: handler.respond(200, body))
    with pytest.raises(TeacherError, match=r"first 3 prompts .* reasoning without an answer"):
        rate(server)


def test_a_judge_that_rejects_every_prompt_is_asked_three_times(serve: Serve) -> None:
    server = serve(lambda handler, _: handler.respond(400, '{"error": "No such feature."}'))
    with pytest.raises(TeacherError, match=r"rejected with status 400 .“No such feature\.”"):
        rate(server)
    assert len(server.requests) == 3


def test_a_judge_s_lost_replies_are_not_rated(serve: Serve) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        if "Text no. 2" in body["messages"][-1]["content"]:
            handler.respond(400, "no")
        else:
            handler.complete('{"warm": 2}')

    ratings = rate(serve(behave))
    assert ratings == [{"judge.warm": 2.0}] * 2 + [None] + [{"judge.warm": 2.0}] * 2
