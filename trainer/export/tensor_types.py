"""Choose the number format of each tensor in a GGUF file, and convert its values.

Formats such as Q4_K (“k-quants”) are written by llama.cpp's own code, which is in the optional
package xllamacpp.
"""

import ctypes
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray

from trainer.errors import TrainerError
from trainer.export.export_plan import GgufType

_KINDS = {GgufType.F16: Kind.F16, GgufType.Q8_0: Kind.Q8_0, GgufType.Q4_K_M: Kind.Q4_K}
_K_QUANTS = (Kind.Q4_K, Kind.Q6_K)
_FALLBACK = {Kind.Q4_K: Kind.Q5_0, Kind.Q6_K: Kind.Q8_0}
"""The formats that llama.cpp uses if a row's length isn't a multiple of 256."""


@dataclass(frozen=True, slots=True)
class TensorTypes:
    """Chooses a format for each tensor.

    If the embeddings are tied, the embedding tensor is also the output layer.
    """

    gguf_type: GgufType
    layers: int
    is_tied: bool

    def kind(self, name: str, shape: tuple[int, ...]) -> Kind:
        """Return the number format of a tensor, which depends on its name and shape."""
        if len(shape) == 1:
            return Kind.F32
        kind = _KINDS[self.gguf_type]
        if self.gguf_type is GgufType.Q4_K_M and self._needs_more_bits(name):
            kind = Kind.Q6_K
        if shape[-1] % gguf.GGML_QUANT_SIZES[kind][0]:
            kind = _FALLBACK.get(kind, Kind.F16)
        return Kind.F16 if shape[-1] % gguf.GGML_QUANT_SIZES[kind][0] else kind

    def _needs_more_bits(self, name: str) -> bool:
        """Return whether Q4_K_M stores a tensor in six bits, as in llama.cpp's own quantiser."""
        if name == ("token_embd.weight" if self.is_tied else "output.weight"):
            return True
        if not name.endswith((".attn_v.weight", ".ffn_down.weight")):
            return False
        layer, eighth = int(name.split(".")[1]), self.layers // 8
        return layer < eighth or layer >= 7 * self.layers // 8 or (layer - eighth) % 3 == 2


def encode(values: NDArray[np.float32], kind: Kind) -> NDArray[Any]:
    """Convert a tensor's values to a number format.

    Raises `TrainerError` if the format requires xllamacpp and this package isn't installed.
    """
    if kind not in _K_QUANTS:
        encoded: NDArray[Any] = gguf.quants.quantize(values, kind)
        return encoded
    rows = np.ascontiguousarray(values.reshape(-1, values.shape[-1]), dtype=np.float32)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    target = np.empty((len(rows), rows.shape[1] // block * size), dtype=np.uint8)
    count = _llama_cpp().ggml_quantize_chunk(
        int(kind),
        rows.ctypes.data_as(ctypes.c_void_p),
        target.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_int64(0),
        ctypes.c_int64(rows.shape[0]),
        ctypes.c_int64(rows.shape[1]),
        None,
    )
    if count != target.nbytes:
        raise TrainerError(
            f"xllamacpp wrote {count} bytes of a tensor instead of {target.nbytes}. Install the "
            "version in Timbre's constraints, or export with --weights q8_0."
        )
    return target.reshape(*values.shape[:-1], -1)


@cache
def _llama_cpp() -> Any:
    spec = find_spec("xllamacpp")
    if spec is None or not spec.submodule_search_locations:
        raise TrainerError(
            "q4_K_M needs llama.cpp's quantiser, which isn't installed. Run `pip install "
            "xllamacpp`, or export with --weights q8_0."
        )
    library = find_spec("xllamacpp.xllamacpp")
    functions: Any = ctypes.CDLL(str(library.origin if library else ""))
    functions.ggml_quantize_chunk.restype = ctypes.c_size_t
    return functions
