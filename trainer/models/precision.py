"""Choose the number format in which a base model is loaded and trained on a device.

CPUs without bfloat16 units emulate it, which makes training far slower: 20 steps took 60 times as
long as in float32. The choice for the precision `auto` depends on the device, and the reason for it
is recorded.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from trainer.config import PrecisionName
from trainer.errors import TrainerError

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig

PRECISION_NAMES: tuple[PrecisionName, ...] = get_args(PrecisionName)
"""The available formats for base model weights; `auto` chooses float32 or bfloat16."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The chosen formats of the weights (`name`) and the computation (`compute`), with the reason.

    `compute` is the name of a torch dtype: "float32" or "bfloat16".
    """

    name: PrecisionName
    compute: str
    device: str
    reason: str

    @property
    def is_quantised(self) -> bool:
        """Whether the weights are quantised, so that they use fewer bits than the computation."""
        return self.name in ("int8", "nf4")

    def quantisation_config(self) -> "BitsAndBytesConfig | None":
        """Return the bitsandbytes settings for loading weights, or None for unquantised weights."""
        from transformers import BitsAndBytesConfig

        if self.name == "int8":
            return BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
        if self.name == "nf4":
            return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=self.compute
            )
        return None


def best_device() -> str:
    """Return the name of the best device: an accelerator if there is one, or else the CPU."""
    import torch  # slow to import, and some commands only need the names above

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(requested: str, device: str | None = None) -> Precision:
    """Choose the precision for a device (default: the best device of this machine).

    Raises `TrainerError` if the precision is unknown or the device doesn't support it.
    """
    if requested not in PRECISION_NAMES:
        names = ", ".join(PRECISION_NAMES)
        raise TrainerError(
            f"“{requested}” isn't a known precision. Set precision to one of {names}."
        )
    device = device or best_device()
    has_bfloat16, reason = _bfloat16_support(device)
    fast: PrecisionName = "bfloat16" if has_bfloat16 else "float32"
    match requested:
        case "auto":
            return Precision(fast, fast, device, reason)
        case "float32":
            return Precision("float32", "float32", device, "requested in the settings")
        case "bfloat16":
            slow = "" if has_bfloat16 else f", though it will be slow: {reason}"
            return Precision("bfloat16", "bfloat16", device, f"requested in the settings{slow}")
    if device == "mps":
        raise TrainerError(
            f"precision is {requested}, but bitsandbytes doesn't support Apple GPUs. Set precision "
            "to auto."
        )
    name: PrecisionName = "int8" if requested == "int8" else "nf4"
    return Precision(name, fast, device, f"requested in the settings; computed in {fast}: {reason}")


def _bfloat16_support(device: str) -> tuple[bool, str]:
    """Return whether to use bfloat16 on a device, and the reason."""
    import torch

    if device == "cuda":
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return True, f"the {name} computes in bfloat16"
        return False, f"the {name} has no bfloat16 units"
    if device == "mps":
        return False, "Apple GPUs train most reliably in float32"
    units = torch.cpu.get_capabilities()
    if any(units.get(unit) for unit in ("amx_bf16", "avx512_bf16", "avx10_2", "bf16")):
        return True, "this CPU has bfloat16 units"
    return False, "this CPU has no bfloat16 units"
