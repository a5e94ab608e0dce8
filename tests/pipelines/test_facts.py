"""Facts on the way from passage to answer, on paragraphs that people have asked and answered."""

import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipelines.checks.support import unsupported_names, unsupported_numbers
from pipelines.teachers.questions import ask, plain_answer
from pipelines.teachers.retelling import retell
from pipelines.tone_file import Tone
from pipelines.words import words

Paragraph = dict[str, Any]


def dice(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 # no secret


@pytest.fixture
def paragraphs(shared_data: Callable[[str], Path]) -> list[Paragraph]:
    path = shared_data("squad-dev-from-explorer") / "squad-dev-1.1.json.xz"
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [p for article in json.load(file)["data"] for p in article["paragraphs"][::8]]


def said(text: str) -> str:
    return f" {' '.join(word.lower().removesuffix(chr(39) + 's') for word in words(text))} "


def test_an_answer_to_a_persons_question_holds_the_fact_and_so_does_its_retelling(
    paragraphs: list[Paragraph], tone: Tone
) -> None:
    asked = held = kept = 0
    for paragraph in paragraphs:
        for question in paragraph["qas"]:
            asked += 1
            plain = plain_answer(paragraph["context"], question["question"])
            gold = {said(a["text"]) for a in question["answers"]}
            there = [answer for answer in gold if answer in said(plain)]
            told = retell(plain, question["question"], tone.phrasebook, dice(asked))
            held += bool(there)
            kept += any(answer in said(told) for answer in there)
    assert asked > 1000
    assert held / asked > 0.8
    assert kept / held > 0.98


@pytest.fixture
def answers(paragraphs: list[Paragraph], tone: Tone) -> list[tuple[str, str]]:
    """Passages, each with its question, and an answer retold from them."""
    made = []
    for n, paragraph in enumerate(paragraphs):
        for question in ask(paragraph["context"], 1, dice(n)):
            plain = plain_answer(paragraph["context"], question)
            told = retell(plain, question, tone.phrasebook, dice(n))
            made.append((f"{paragraph['context']} {question}", told))
    return made


def test_answers_without_a_fault_are_not_accused_of_one(answers: list[tuple[str, str]]) -> None:
    accused = [
        told
        for source, told in answers
        if unsupported_names(told, source) or unsupported_numbers(told, source)
    ]
    assert len(answers) > 150
    assert len(accused) <= 0.01 * len(answers), accused[:3]


def test_planted_numbers_are_found(answers: list[tuple[str, str]]) -> None:
    planted = found = 0
    for n, (source, told) in enumerate(answers):
        for number in list(re.finditer(r"\d+", told))[:1]:
            wrong = str(int(number.group()) + dice(n).choice([1, 7, 100]))
            if re.search(rf"\b{wrong}\b", source):
                continue  # another number of the passage: no check of words alone can tell
            planted += 1
            found += bool(
                unsupported_numbers(told[: number.start()] + wrong + told[number.end() :], source)
            )
    assert planted > 30
    assert found / planted > 0.97


def test_planted_names_are_found(answers: list[tuple[str, str]]) -> None:
    planted = found = 0
    names = sorted({n for s, _ in answers for n in re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}", s)})
    for n, (source, told) in enumerate(answers):
        for name in list(re.finditer(r"(?<=[a-z] )[A-Z][a-z]{3,}", told))[:1]:
            wrong = dice(n).choice(names)
            if wrong.lower() in source.lower():
                continue
            planted += 1
            found += bool(
                unsupported_names(told[: name.start()] + wrong + told[name.end() :], source)
            )
    assert planted > 60
    assert found / planted > 0.97
