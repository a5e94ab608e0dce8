"""The precision follows the hardware, and says why."""

import pytest
import torch

from trainer.errors import TrainerError
from trainer.precision import PrecisionName, choose_precision


def with_units(monkeypatch: pytest.MonkeyPatch, *units: str) -> None:
    found = {unit: unit in units for unit in ("amx_bf16", "avx512_bf16", "avx512_f")}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)


def test_a_cpu_without_bfloat16_units_gets_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    with_units(monkeypatch, "avx512_f")
    chosen = choose_precision("auto", "cpu")
    assert (chosen.name, chosen.compute) == (PrecisionName.FLOAT32, torch.float32)
    assert chosen.reason == "this CPU has no bfloat16 units"


@pytest.mark.parametrize("unit", ["amx_bf16", "avx512_bf16"])
def test_a_cpu_with_bfloat16_units_gets_bfloat16(
    monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    with_units(monkeypatch, unit)
    chosen = choose_precision("auto", "cpu")
    assert (chosen.name, chosen.compute) == (PrecisionName.BFLOAT16, torch.bfloat16)
    assert chosen.reason == "this CPU has bfloat16 units"


def test_a_gpu_is_asked_by_torch_and_not_taken_at_its_word_for_emulation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def supported(including_emulation: bool) -> bool:
        return including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Old One")
    chosen = choose_precision("auto", "cuda")
    assert chosen.name is PrecisionName.FLOAT32
    assert chosen.reason == "the Old One has no bfloat16 units"


def test_bfloat16_where_it_is_emulated_is_allowed_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_units(monkeypatch)
    assert "slow" in choose_precision("bfloat16", "cpu").reason


@pytest.mark.parametrize("name", ["int8", "nf4"])
def test_a_quantised_base_is_computed_in_what_the_device_is_fast_in(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with_units(monkeypatch)
    chosen = choose_precision(name, "cpu")
    assert chosen.quantised
    assert chosen.compute is torch.float32
    settings = chosen.bitsandbytes()
    assert settings is not None
    assert (settings.load_in_8bit, settings.load_in_4bit) == (name == "int8", name == "nf4")


def test_an_unknown_precision_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainerError, match=r"“fp12”, expected one of auto, float32, bfloat16"):
        choose_precision("fp12")


def test_quantising_on_an_apple_gpu_is_refused() -> None:
    with pytest.raises(TrainerError, match="does not support; set precision to auto"):
        choose_precision("nf4", "mps")
