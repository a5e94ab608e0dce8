"""Q4_K_M has llama.cpp's mixture of formats, and its own code writes the blocks."""

from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from trainer.errors import TrainerError
from trainer.export import tensor_types
from trainer.export.export_plan import GgufType
from trainer.export.tensor_types import TensorTypes, encode

VALUES = np.random.default_rng(0).normal(0, 0.02, (4, 512)).astype(np.float32)


def test_q4_k_m_has_the_mixture_of_llama_cpp_s_quantiser() -> None:
    types = TensorTypes(GgufType.Q4_K_M, 16, is_tied=False)
    wide = {name: types.kind(f"blk.5.{name}.weight", (512, 512)) for name in ("attn_q", "ffn_up")}
    assert set(wide.values()) == {Kind.Q4_K}
    more = [n for n in range(16) if types.kind(f"blk.{n}.attn_v.weight", (512, 512)) is Kind.Q6_K]
    assert more == [0, 1, 4, 7, 10, 13, 14, 15]
    assert [types.kind(f"blk.{n}.ffn_down.weight", (512, 512)) for n in (0, 2)] == [
        Kind.Q6_K,
        Kind.Q4_K,
    ]
    assert types.kind("output.weight", (512, 512)) is Kind.Q6_K
    assert types.kind("token_embd.weight", (512, 512)) is Kind.Q4_K
    tied = TensorTypes(GgufType.Q4_K_M, 16, is_tied=True)
    assert tied.kind("token_embd.weight", (512, 512)) is Kind.Q6_K
    assert types.kind("output_norm.weight", (512,)) is Kind.F32


@pytest.mark.parametrize(
    ("gguf_type", "columns", "kind"),
    [
        (GgufType.Q4_K_M, 576, Kind.Q5_0),
        (GgufType.Q4_K_M, 40, Kind.F16),
        (GgufType.Q8_0, 576, Kind.Q8_0),
        (GgufType.Q8_0, 40, Kind.F16),
        (GgufType.F16, 40, Kind.F16),
    ],
)
def test_rows_that_do_not_fill_blocks_get_another_format(
    gguf_type: GgufType, columns: int, kind: Kind
) -> None:
    assert TensorTypes(gguf_type, 16, True).kind("blk.5.attn_q.weight", (64, columns)) is kind
    if columns == 576 and gguf_type is GgufType.Q4_K_M:
        assert TensorTypes(gguf_type, 16, True).kind("token_embd.weight", (64, 576)) is Kind.Q8_0


@pytest.mark.parametrize(
    ("kind", "error"), [(Kind.Q4_K, 0.08), (Kind.Q6_K, 0.02), (Kind.Q8_0, 0.006), (Kind.F16, 1e-3)]
)
def test_encoded_values_are_close_to_the_original(kind: Kind, error: float) -> None:
    encoded = encode(VALUES, kind)
    decoded = gguf.quants.dequantize(encoded, kind)
    assert decoded.shape == VALUES.shape
    assert np.abs(decoded - VALUES).mean() < error * np.abs(VALUES).mean()


def test_without_xllamacpp_q4_k_m_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> Any:
        assert name == "xllamacpp"

    tensor_types._llama_cpp.cache_clear()
    monkeypatch.setattr(tensor_types, "find_spec", find)
    with pytest.raises(TrainerError, match=r"isn't installed\. Run `pip install xllamacpp`, or ex"):
        encode(VALUES, Kind.Q4_K)
    tensor_types._llama_cpp.cache_clear()
