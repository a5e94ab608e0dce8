"""Write a Llama or Qwen model as a single GGUF file for llama.cpp and Ollama.

The names of tensors in the GGUF file come from the `gguf` package. Models whose tokenizer or rotary
embedding llama.cpp would interpret differently are rejected.
"""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers import AutoConfig, PreTrainedConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from trainer.chat import Chat
from trainer.errors import TrainerError
from trainer.export.export_plan import GgufType
from trainer.export.tensor_types import TensorTypes, encode
from trainer.models.loading import load_tokenizer

_ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
}
_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SPLITS = {f"{_LETTERS}{{1,3}}{_REST}": "llama-bpe", f"{_LETTERS}{_REST}": "qwen2"}


_HINT = "Set TIMBRE_LLAMA_CPP to your llama.cpp folder to use its converter."


def write_gguf(model: Path, path: Path, gguf_type: GgufType) -> None:
    """Convert a model folder (safetensors, tokenizer, template) to a single GGUF file.

    Raises `TrainerError` if the model family, tokenizer or rotary embedding isn't supported.
    """
    config = AutoConfig.from_pretrained(model, local_files_only=True)
    if config.model_type not in _ARCHITECTURES:
        raise TrainerError(
            f"The model family “{config.model_type}” can't be written as GGUF; the supported "
            f"families are {', '.join(_ARCHITECTURES)}. {_HINT}"
        )
    architecture = _ARCHITECTURES[config.model_type]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{gguf_type.upper()}"])
    _add_shape(writer, config)
    _add_tokenizer(writer, model, config.vocab_size)
    if (factors := _rotary_factors(config)) is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    types = TensorTypes(gguf_type, config.num_hidden_layers, bool(config.tie_word_embeddings))
    for shard in sorted(model.glob("*.safetensors")):
        for name, tensor in load_file(shard).items():
            new = names.get_name(name, try_suffixes=(".weight", ".bias"))
            if new is None:
                raise TrainerError(f"The tensor {name} has no equivalent in a GGUF file. {_HINT}")
            values = tensor.float().numpy()
            if architecture is gguf.MODEL_ARCH.LLAMA:
                values = _permute_heads(name, values, config)
            kind = types.kind(new, values.shape)
            writer.add_tensor(new, encode(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_shape(writer: gguf.GGUFWriter, config: PreTrainedConfig) -> None:
    values: Any = config  # each family has its own class, but they share these names
    head = getattr(values, "head_dim", None) or values.hidden_size // values.num_attention_heads
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(values.num_hidden_layers)
    writer.add_context_length(values.max_position_embeddings)
    writer.add_embedding_length(values.hidden_size)
    writer.add_feed_forward_length(values.intermediate_size)
    writer.add_head_count(values.num_attention_heads)
    writer.add_head_count_kv(values.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(values.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(values.rms_norm_eps)
    writer.add_vocab_size(values.vocab_size)


def _rotary_factors(config: PreTrainedConfig) -> NDArray[np.float32] | None:
    """Return the factors that slow down rotary frequencies, or None if they aren't scaled.

    Raises `TrainerError` if the model scales rotary frequencies in a way that GGUF can't express.
    """
    values: Any = config
    kind = values.rope_parameters.get("rope_type", "default")
    if kind == "default":
        return None
    if kind != "llama3":
        raise TrainerError(
            f"Rotary embeddings with “{kind}” scaling can't be written as GGUF; only “default” and "
            f"“llama3” are supported. {_HINT}"
        )
    scaled, _ = ROPE_INIT_FUNCTIONS[kind](config, "cpu")
    head = len(scaled) * 2
    plain = values.rope_parameters["rope_theta"] ** -(np.arange(0, head, 2) / head)
    factors: NDArray[np.float32] = (plain / scaled.numpy()).astype(np.float32)
    return factors


def _permute_heads(
    name: str, values: NDArray[np.float32], config: PreTrainedConfig
) -> NDArray[np.float32]:
    """Reorder queries and keys, because llama.cpp rotates adjacent values instead of half-heads."""
    shape: Any = config
    heads = {"q_proj": shape.num_attention_heads, "k_proj": shape.num_key_value_heads}
    count = next((heads[part] for part in heads if part in name), None)
    if count is None:
        return values
    split = values.reshape(count, 2, values.shape[0] // count // 2, *values.shape[1:])
    return split.swapaxes(1, 2).reshape(values.shape)


def _add_tokenizer(writer: gguf.GGUFWriter, model: Path, size: int) -> None:
    tokenizer = load_tokenizer(model)
    data = json.loads((model / "tokenizer.json").read_text())
    if data["model"]["type"] != "BPE":
        raise TrainerError(
            f"The {data['model']['type']} tokenizer can't be written as GGUF; only byte-level BPE "
            f"is supported. {_HINT}"
        )
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer_name(data["pre_tokenizer"]))
    words = {number: word for word, number in tokenizer.get_vocab().items()}
    types = dict.fromkeys(words, gguf.TokenType.NORMAL)
    for token in data["added_tokens"]:
        is_control = token["special"]
        types[token["id"]] = gguf.TokenType.CONTROL if is_control else gguf.TokenType.USER_DEFINED
    writer.add_token_list([words.get(i, f"[PAD{i}]") for i in range(size)])
    writer.add_token_types([types.get(i, gguf.TokenType.UNUSED) for i in range(size)])
    merges = data["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)  # the template adds the token
    template = Chat.from_tokenizer(tokenizer).template
    writer.add_chat_template(served_template(template, data["pre_tokenizer"]))


_SPACED = (
    "{%- set spaced = namespace(turns=[]) -%}{%- for turn in messages -%}"
    "{%- set said = turn['content'] if turn['content'][:1] == ' ' else ' ' + turn['content'] -%}"
    "{%- set spaced.turns = spaced.turns + [{'role': turn['role'], 'content': said}] -%}"
    "{%- endfor -%}{%- set messages = spaced.turns -%}"
)


def served_template(template: str, pre_tokenizer: Any) -> str:
    """Adapt a chat template so that llama.cpp produces the tokens the model was trained on.

    Some tokenizers add a space before every piece of text. llama.cpp doesn't do this for byte-level
    BPE, so the chat template has to add the space.
    """
    return _SPACED + template if pre_tokenizer.get("add_prefix_space") else template


def _pre_tokenizer_name(data: Any) -> str:
    """Return llama.cpp's name for the way in which a tokenizer splits text before merging bytes.

    Raises `TrainerError` if llama.cpp doesn't support the tokenizer's way of splitting text.
    """
    steps = data["pretokenizers"] if data["type"] == "Sequence" else [data]
    patterns = [step["pattern"].get("Regex", "") for step in steps if step["type"] == "Split"]
    if len(patterns) == 1 and patterns[0] in _SPLITS:
        return _SPLITS[patterns[0]]
    kinds = [step["type"] for step in steps]
    if not patterns and kinds[-1] == "ByteLevel" and steps[-1].get("use_regex", True):
        if kinds == ["ByteLevel"]:
            return "gpt-2"
        if kinds == ["Digits", "ByteLevel"] and steps[0]["individual_digits"]:
            return "smollm"
    raise TrainerError(
        "The tokenizer can't be written as GGUF because it splits words differently from GPT-2, "
        f"Llama 3, Qwen and SmolLM. {_HINT}"
    )
