"""Outputs measured: tone and content, each value kept once per output."""

from collections.abc import Iterator, Sequence

import numpy as np

from db.records import Example, Measure, Output, Passage
from db.store import Store
from evaluation.content import CONTENT_SOURCE, content_measures
from evaluation.tone import TONE_SOURCE, conversational, tone_measures
from timbre.console import Advance
from trainer.embed import embed

_SIMILARITY_SOURCE = f"{CONTENT_SOURCE}+all-MiniLM-L6-v2"


def measure_outputs(store: Store, outputs: Sequence[Output], advance: Advance) -> int:
    """Measure outputs that have not been measured; returns how many values are new."""
    fresh = [output for output in outputs if not store.count(Measure, subject=output.id)]
    if not fresh:
        return 0
    examples = {e: store.get(Example, e) for e in {output.prompt for output in fresh}}
    known = [(output, example) for output in fresh if (example := examples[output.prompt])]
    close = _similarities(known)
    new = 0
    for done, ((output, example), similarity) in enumerate(zip(known, close, strict=True), 1):
        new += store.add(_measures(store, output, example, similarity))
        advance(done, len(known))
    return new


def _similarities(known: Sequence[tuple[Output, Example]]) -> list[float]:
    answers = embed([output.text for output, _ in known])
    references = embed([example.reference for _, example in known])
    return [float(value) for value in np.sum(answers * references, axis=1)]


def _measures(
    store: Store, output: Output, example: Example, similarity: float
) -> Iterator[Measure]:
    tone = tone_measures(output.text)
    for name, value in (tone | {"conversational": float(conversational(tone))}).items():
        yield Measure(subject=output.id, name=name, source=TONE_SOURCE, value=value)
    passage = store.get(Passage, example.passage) if example.passage else None
    content = content_measures(
        output.text, example.reference, passage.text if passage else "", similarity
    )
    for name, value in content.items():
        source = _SIMILARITY_SOURCE if name == "similarity" else CONTENT_SOURCE
        yield Measure(subject=output.id, name=name, source=source, value=value)
