"""The support check and the offline teacher's facts, on questions that people asked (SQuAD 1.1)."""

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipelines.checks.support import find_unsupported_names, find_unsupported_numbers
from pipelines.teachers.phrasebook.questions import ask_questions, find_answer
from pipelines.teachers.phrasebook.tone_rewrite import rewrite
from pipelines.text.words import split_words
from pipelines.voices.tone import Tone
from tests.pipelines.checks.samples import PASSAGE

APOSTROPHE_S = "'s"
Paragraph = dict[str, Any]


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 # no secret


@pytest.fixture
def paragraphs(shared_data: Callable[[str], Path]) -> list[Paragraph]:
    path = shared_data("squad-dev-from-explorer") / "squad-dev-1.1.json.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [p for article in json.load(file)["data"] for p in article["paragraphs"][::8]]


def test_support_lists_what_is_missing() -> None:
    numbers = find_unsupported_numbers("In 1867 and 1999, seven or 8", PASSAGE)
    names = find_unsupported_names("It is in Perth, near Dundee, Tulloch's Perth.", PASSAGE)
    assert (numbers, names) == (["1999", "7", "8"], ["Perth"])


def normalise(text: str) -> str:
    """Lower-case words between spaces, so that one text can be searched for in another."""
    return f" {' '.join(word.lower().removesuffix(APOSTROPHE_S) for word in split_words(text))} "


def test_answer_and_its_rewrite_keep_the_gold_fact(paragraphs: list[Paragraph], tone: Tone) -> None:
    questions = answered = kept = 0
    for paragraph in paragraphs:
        for item in paragraph["qas"]:
            questions += 1
            plain = find_answer(paragraph["context"], item["question"])
            gold = {normalise(answer["text"]) for answer in item["answers"]}
            facts = [fact for fact in gold if fact in normalise(plain)]
            rewritten = rewrite(plain, item["question"], tone.phrasebook, seeded(questions))
            answered += bool(facts)
            kept += any(fact in normalise(rewritten) for fact in facts)
    assert questions > 1000
    assert answered / questions > 0.8
    assert kept / answered > 0.98


@pytest.fixture
def answers(paragraphs: list[Paragraph], tone: Tone) -> list[tuple[str, str]]:
    """Pairs of a source (passage and question) and an answer rewritten from it."""
    pairs = []
    for n, paragraph in enumerate(paragraphs):
        for question in ask_questions(paragraph["context"], 1, seeded(n)):
            plain = find_answer(paragraph["context"], question)
            rewritten = rewrite(plain, question, tone.phrasebook, seeded(n))
            pairs.append((f"{paragraph['context']} {question}", rewritten))
    return pairs


def test_supported_answers_pass(answers: list[tuple[str, str]]) -> None:
    rejected = [
        answer
        for source, answer in answers
        if find_unsupported_names(answer, source) or find_unsupported_numbers(answer, source)
    ]
    assert len(answers) > 150
    assert len(rejected) <= 0.01 * len(answers), rejected[:3]


def test_planted_numbers_are_found(answers: list[tuple[str, str]]) -> None:
    planted = detected = 0
    for n, (source, answer) in enumerate(answers):
        for number in list(re.finditer(r"\d+", answer))[:1]:
            wrong = str(int(number.group()) + seeded(n).choice([1, 7, 100]))
            if re.search(rf"\b{wrong}\b", source):
                continue  # the passage has this number too, so no check of words can tell
            planted += 1
            changed = answer[: number.start()] + wrong + answer[number.end() :]
            detected += bool(find_unsupported_numbers(changed, source))
    assert planted > 30
    assert detected / planted > 0.97


def test_planted_names_are_found(answers: list[tuple[str, str]]) -> None:
    planted = detected = 0
    names = sorted({n for s, _ in answers for n in re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", s)})
    for n, (source, answer) in enumerate(answers):
        for name in list(re.finditer(r"(?<=[a-z] )[A-Z][a-z]{3,}", answer))[:1]:
            wrong = seeded(n).choice(names)
            if wrong.lower() in source.lower():
                continue
            planted += 1
            changed = answer[: name.start()] + wrong + answer[name.end() :]
            detected += bool(find_unsupported_names(changed, source))
    assert planted > 60
    assert detected / planted > 0.97
