"""The precision follows the hardware and records its reason."""

import pytest
import torch

from trainer.errors import TrainerError
from trainer.models.precision import choose_precision


def set_cpu_units(monkeypatch: pytest.MonkeyPatch, *units: str) -> None:
    capabilities = {unit: unit in units for unit in ("amx_bf16", "avx512_bf16", "avx512_f")}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


def test_a_cpu_without_bfloat16_units_gets_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    set_cpu_units(monkeypatch, "avx512_f")
    chosen = choose_precision("auto", "cpu")
    assert (chosen.name, chosen.compute) == ("float32", "float32")
    assert chosen.reason == "this CPU has no bfloat16 units"


@pytest.mark.parametrize("unit", ["amx_bf16", "avx512_bf16"])
def test_a_cpu_with_bfloat16_units_gets_bfloat16(
    monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    set_cpu_units(monkeypatch, unit)
    chosen = choose_precision("auto", "cpu")
    assert (chosen.name, chosen.compute) == ("bfloat16", "bfloat16")
    assert chosen.reason == "this CPU has bfloat16 units"


def test_a_gpu_that_only_emulates_bfloat16_gets_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def supported(including_emulation: bool) -> bool:
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Old One")
    chosen = choose_precision("auto", "cuda")
    assert chosen.name == "float32"
    assert chosen.reason == "the Old One has no bfloat16 units"


def test_emulated_bfloat16_is_allowed_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_cpu_units(monkeypatch)
    assert "slow" in choose_precision("bfloat16", "cpu").reason


@pytest.mark.parametrize("name", ["int8", "nf4"])
def test_a_quantised_base_computes_in_the_device_s_fastest_format(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    set_cpu_units(monkeypatch)
    chosen = choose_precision(name, "cpu")
    assert chosen.is_quantised
    assert chosen.compute == "float32"
    settings = chosen.quantisation_config()
    assert settings is not None
    assert settings.bnb_4bit_compute_dtype is torch.float32
    assert (settings.load_in_8bit, settings.load_in_4bit) == (name == "int8", name == "nf4")


def test_an_unknown_precision_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(
        TrainerError, match=r"“fp12” isn't a known precision.* one of auto, float32, bfloat16"
    ):
        choose_precision("fp12")


def test_quantising_on_an_apple_gpu_is_rejected() -> None:
    with pytest.raises(TrainerError, match="nf4, but bitsandbytes doesn't support Apple GPUs"):
        choose_precision("nf4", "mps")
