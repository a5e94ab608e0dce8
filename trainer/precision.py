"""The number format a base model is loaded and trained in, chosen from what the device computes in.

A CPU without bfloat16 units emulates them: the same twenty steps were measured sixty times slower
than in float32. So `auto` asks the device, and every choice carries its reason.
"""

from dataclasses import dataclass
from enum import StrEnum

import torch
from transformers import BitsAndBytesConfig

from trainer.errors import TrainerError


class PrecisionName(StrEnum):
    """The formats a base model can be held in; `auto` picks float32 or bfloat16."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True)
class Precision:
    """How a base model is held (`name`) and computed with (`compute`), on which device, and why."""

    name: PrecisionName
    compute: torch.dtype
    device: str
    reason: str

    @property
    def quantised(self) -> bool:
        """Whether the base is held in fewer bits than it is computed in."""
        return self.name in (PrecisionName.INT8, PrecisionName.NF4)

    def bitsandbytes(self) -> BitsAndBytesConfig | None:
        """The quantisation the base is loaded with, None where it is not quantised."""
        if self.name is PrecisionName.INT8:
            return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
        if self.name is PrecisionName.NF4:
            return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=self.compute
            )
        return None


def best_device() -> str:
    """The device to compute on: an accelerator where there is one, else the CPU."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(wanted: str, device: str | None = None) -> Precision:
    """The precision to use on a device (the best one here unless named).

    Raises `TrainerError` if the name is unknown or the device cannot hold a model so.
    """
    device = device or best_device()
    try:
        name = PrecisionName(wanted)
    except ValueError:
        names = ", ".join(PrecisionName)
        raise TrainerError(f"found the precision “{wanted}”, expected one of {names}") from None
    has_units, units = _bfloat16_units(device)
    fast = torch.bfloat16 if has_units else torch.float32
    match name:
        case PrecisionName.AUTO:
            found = PrecisionName.BFLOAT16 if has_units else PrecisionName.FLOAT32
            return Precision(found, fast, device, units)
        case PrecisionName.FLOAT32:
            return Precision(name, torch.float32, device, "asked for")
        case PrecisionName.BFLOAT16:
            reason = "asked for" if has_units else f"asked for, though it will be slow: {units}"
            return Precision(name, torch.bfloat16, device, reason)
        case _:
            if device == "mps":
                raise TrainerError(
                    f"found {name} on an Apple GPU, which bitsandbytes does not support; "
                    "set precision to auto"
                )
            computed = str(fast).removeprefix("torch.")
            return Precision(name, fast, device, f"asked for; computed in {computed}: {units}")


def _bfloat16_units(device: str) -> tuple[bool, str]:
    if device == "cuda":
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return True, f"the {name} computes in bfloat16"
        return False, f"the {name} has no bfloat16 units"
    if device == "mps":
        return False, "Apple GPUs train most surely in float32"
    found = torch.cpu.get_capabilities()
    if any(found.get(unit) for unit in ("amx_bf16", "avx512_bf16", "avx10_2", "bf16")):
        return True, "this CPU has bfloat16 units"
    return False, "this CPU has no bfloat16 units"
