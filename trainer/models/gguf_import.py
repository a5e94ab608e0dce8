"""Convert a GGUF file of a Llama model to a folder that transformers can load."""

import json
from pathlib import Path
from typing import Any

import gguf
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.errors import TrainerError
from trainer.libraries import library_session

_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_DIGITS = {"type": "Digits", "individual_digits": True}
_PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    "gpt-2": _BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [_DIGITS, _BYTES]},
}
"""How each of llama.cpp's pre-tokenizers splits text. transformers reads all of them as GPT-2's."""


@library_session()
def import_gguf(source: Path, folder: Path) -> None:
    """Write a GGUF file's model as float16 safetensors, with the tokenizer and the chat template.

    Raises `TrainerError` if Timbre doesn't know how the tokenizer splits text.
    """
    pre_tokenizer = _pre_tokenizer(source)
    tokenizer: Any = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    model: Any = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.float32
    )
    # The weights are plain numbers now, but transformers would still save them as quantised.
    model.hf_quantizer, model.is_quantized, model.quantization_method = None, False, None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["pre_tokenizer"] = pre_tokenizer
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _pre_tokenizer(source: Path) -> dict[str, Any]:
    field = gguf.GGUFReader(source).get_field("tokenizer.ggml.pre")
    name = field.contents() if field else None
    if name not in _PRE_TOKENIZERS:
        raise TrainerError(
            f"{source} has the pre-tokenizer “{name}”, which Timbre doesn't know. Use the model's "
            "safetensors version."
        )
    return _PRE_TOKENIZERS[str(name)]
