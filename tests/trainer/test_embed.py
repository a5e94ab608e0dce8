"""Embeddings of the bundled model: unit vectors, close for similar texts, offline."""

import socket

import numpy as np
import pytest

from trainer.embed import embed

TEXTS = [
    "The cat sleeps on the mat.",
    "A kitten naps on a rug.",
    "Interest rates rose by half a per cent.",
]


def test_each_text_becomes_a_unit_vector_of_384_dimensions() -> None:
    vectors = embed(TEXTS)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_texts_with_similar_meanings_are_closer() -> None:
    cat, kitten, rates = embed(TEXTS)
    assert cat @ kitten > 0.5
    assert cat @ rates < 0.2


def test_rows_follow_the_order_of_texts_and_repeats_are_equal() -> None:
    vectors = embed([TEXTS[2], TEXTS[0], TEXTS[2]])
    assert np.array_equal(vectors[0], vectors[2])
    assert np.allclose(vectors[1], embed(TEXTS)[0], atol=1e-5)


def test_no_texts_give_no_rows() -> None:
    assert embed([]).shape == (0, 384)


def test_embedding_does_not_use_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert embed(["offline"]).shape == (1, 384)
