"""The rule and the classifier on human chats and encyclopedic text that others published."""

import json
import lzma
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from evaluation.measures.tone import conversational, tone_measures
from evaluation.register import card, fit

COUNT = 300


@pytest.fixture(scope="module")
def articles(shared_data: Callable[[str], Path]) -> list[str]:
    """The first paragraph of 30 to 120 words of articles."""
    path = shared_data("wikipedia-good-2019/enwiki_good_articles_1990.jsonl.xz")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        texts = (json.loads(line)["text"].split("\n") for line in lines)
        first = (next((p for p in text if 30 <= len(p.split()) <= 120), None) for text in texts)
        return list(islice(filter(None, first), 2 * COUNT))


@pytest.fixture(scope="module")
def chats(shared_data: Callable[[str], Path]) -> list[str]:
    """Three turns in a row from the middle of conversations between two people."""
    path = shared_data("topical-chat/valid_freq.json.xz")
    with lzma.open(path, "rt", encoding="utf-8") as source:
        conversations = json.load(source).values()
    turns = ([turn["message"] for turn in talk["content"]] for talk in conversations)
    return [" ".join(messages[5:8]) for messages in islice(turns, 2 * COUNT)]


@pytest.fixture(scope="module")
def other_chats(shared_data: Callable[[str], Path]) -> list[str]:
    """Four turns in a row of dialogues that one person wrote for two."""
    path = shared_data("self-dialogue-corpus/self_dialogues.jsonl.xz")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [" ".join(json.loads(line)["turns"][3:7]) for line in islice(lines, COUNT)]


def rate(texts: list[str]) -> float:
    return sum(conversational(tone_measures(text)) for text in texts) / len(texts)


def test_most_chats_and_almost_no_articles_are_conversational(
    articles: list[str], chats: list[str], other_chats: list[str]
) -> None:
    assert rate(articles[:COUNT]) < 0.04
    assert rate(chats[:COUNT]) > 0.85
    assert rate(other_chats) > 0.75


def test_the_register_classifier_recognises_chats_of_an_unseen_corpus(
    articles: list[str], chats: list[str], other_chats: list[str]
) -> None:
    labels = [True] * COUNT + [False] * COUNT
    model = fit([*chats[:COUNT], *articles[:COUNT]], labels, "human chat and articles")
    held_out = card(model, [*other_chats, *articles[COUNT:]], labels, "their source")
    assert held_out.precision is not None
    assert held_out.recall is not None
    assert held_out.auc is not None
    assert not held_out.saturated
    assert held_out.recall.low > 0.9
    assert held_out.precision.low > 0.9
    assert held_out.auc > 0.98
