"""Measure whether model outputs meet a criterion, and measure their tone, traits and content."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from db.records import Example, Measure, Output
from evaluation.criteria import Criterion
from evaluation.measures.content import CONTENT_NAMES, CONTENT_SOURCE, content_measures
from evaluation.measures.tone import TONE_SOURCE, tone_measures

SIMILARITY_SOURCE = f"{CONTENT_SOURCE}+all-MiniLM-L6-v2"
"""Names the embedder too, because cosines of different embedders can't be compared."""

UNCONDITIONAL = "words"
"""A measure that is computed for every output, regardless of the criterion."""

Embed: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]
"""Embeds n texts as an (n, d) array of unit vectors."""


def measure_outputs(
    outputs: Sequence[tuple[Output, Example]],
    passages: Sequence[str],
    criterion: Criterion | None,
    embed: Embed,
    language: str = "en",
) -> Iterator[dict[str, float]]:
    """Yield the measures of each output, keyed by name.

    Similarity is measured only for prompts with a plain reference, and the target only in campaigns
    with a criterion.
    """
    measure_text = criterion.measure if criterion else partial(tone_measures, language=language)
    pairs = [(output.text, example.reference) for output, example in outputs]
    rows = zip(outputs, passages, reference_similarities(pairs, embed), strict=True)
    for (output, example), passage, similarity in rows:
        content = content_measures(output.text, example.reference, passage, similarity, language)
        yield measure_text(output.text) | content


def measure_records(
    output: Output, measures: Mapping[str, float], criterion: Criterion | None
) -> Iterator[Measure]:
    """Convert an output's measures to records, each of which names the source of its definition."""
    for name, value in measures.items():
        yield Measure(subject=output.id, name=name, source=_source(name, criterion), value=value)


def reference_similarities(pairs: Iterable[tuple[str, str]], embed: Embed) -> list[float | None]:
    """The cosine similarity of each (answer, reference) pair, or None if the reference is empty."""
    pairs = list(pairs)
    complete = [pair for pair in pairs if pair[1]]
    if not complete:
        return [None] * len(pairs)
    answers, references = (embed(texts) for texts in zip(*complete, strict=True))
    cosines = iter(np.sum(answers * references, axis=1).tolist())
    return [float(next(cosines)) if reference else None for _, reference in pairs]


def _source(name: str, criterion: Criterion | None) -> str:
    if name == "similarity":
        return SIMILARITY_SOURCE
    if name in CONTENT_NAMES:
        return CONTENT_SOURCE
    return criterion.source_of(name) if criterion else TONE_SOURCE
