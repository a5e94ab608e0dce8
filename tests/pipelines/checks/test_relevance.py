import json
import lzma
from collections.abc import Callable
from pathlib import Path
from random import Random

from pipelines.checks.relevance import find_skipped_sentence
from pipelines.text.sentences import split_sentences


def test_answers_to_another_question_are_found_among_peoples_questions(
    shared_data: Callable[[str], Path],
) -> None:
    path = shared_data("squad-dev-from-explorer") / "squad-dev-1.1.json.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        data = [p for article in json.load(file)["data"] for p in article["paragraphs"][3::7]]
    random = Random(5)  # noqa: S311 # no secret
    accepted, rejected, cases = 0, 0, 0
    for paragraph in data:
        passage = paragraph["context"]
        sentences = split_sentences(passage)
        for item in paragraph["qas"][:2]:
            question, gold = item["question"], item["answers"][0]["text"]
            others = [s for s in sentences if gold not in s]
            if len(sentences) - len(others) != 1 or not others:
                continue
            answer = next(s for s in sentences if gold in s)
            cases += 1
            accepted += not find_skipped_sentence(question, answer, passage)
            rejected += bool(find_skipped_sentence(question, random.choice(others), passage))
    assert cases > 400
    assert accepted / cases > 0.95
    assert rejected / cases > 0.6
