"""A distilabel pipeline walked batch by batch in this process, its rows handed on as they come.

`Pipeline.run` starts a process a step and gives its rows at the end only; here the same graph of
the same steps is walked in order, so that rows stream, a breakpoint works, and nothing is
started. The graph stays a distilabel pipeline: it can be validated, dumped, or run by it.
"""

import itertools
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from distilabel.pipeline.local import Pipeline

from pipelines.plan import BATCH


@contextmanager
def quiet() -> Iterator[None]:
    """While steps are made, distilabel's warnings about running without its own loop are held."""
    logger = logging.getLogger("distilabel")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def walk(
    pipeline: Pipeline, rows: Iterable[dict[str, Any]], batch: int = BATCH
) -> Iterator[dict[str, Any]]:
    """The rows after every step of a linear pipeline, a batch at a time."""
    steps = [pipeline.dag.get_step(name)["step"] for name in pipeline.dag]
    with quiet():
        for step in steps:
            step.load()
    try:
        source = iter(rows)
        while made := list(itertools.islice(source, batch)):
            for step in steps:
                made = [row for out in step.process_applying_mappings(made) for row in out]
            yield from made
    finally:
        for step in steps:
            step.unload()
