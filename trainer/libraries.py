"""The machine-learning libraries without their chatter: no bars, no advice, no warnings.

The command line speaks for the program. What the libraries would say is either clean_reply there
(progress, losses, precision and its reason) or is advice to people who write training scripts.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import datasets
from transformers.utils import logging as transformers_logging

_LOGGERS = (
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "datasets",
    "sentence_transformers",
    "torch",
)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence the libraries' logs, progress bars and warnings inside the block, errors excepted."""
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    dataset_bars = datasets.are_progress_bars_disabled()
    model_bars = transformers_logging.is_progress_bar_enabled()
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if not dataset_bars:
            datasets.enable_progress_bars()
        if model_bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
