"""GGUF files contain the model that was written, for each supported family."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import jinja2
import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from db.records import Message, Role, Split
from tests.trainer.conftest import CONTEXT, TEMPLATE, chat_example, make_tokenizer
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.export.export_plan import ExportPlan, GgufType
from trainer.export.formats import export_gguf
from trainer.export.gguf_file import served_template, write_gguf
from trainer.export.llama_cpp import convert
from trainer.export.ollama import modelfile
from trainer.libraries import quiet_libraries
from trainer.sft import train

SHAPE: dict[str, Any] = {
    "vocab_size": 400, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": CONTEXT,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.2,
}  # fmt: skip
IDS = torch.tensor([[1, 4, 50, 60, 70, 80, 90, 2, 5]])


def family(name: str) -> PreTrainedModel:
    torch.manual_seed(0)
    if name == "qwen2":
        model: PreTrainedModel = Qwen2ForCausalLM(Qwen2Config(**SHAPE, tie_word_embeddings=False))
        for parameter_name, parameter in model.named_parameters():
            if parameter_name.endswith("bias"):  # Qwen 2's are zero until trained
                torch.nn.init.normal_(parameter)
        return model
    if name == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**SHAPE, head_dim=32, tie_word_embeddings=True))
    return LlamaForCausalLM(LlamaConfig(**SHAPE, tie_word_embeddings=name == "llama, tied"))


def saved(model: PreTrainedModel, folder: Path) -> Path:
    with quiet_libraries():
        model.save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)
    return folder


def read_back(folder: Path) -> PreTrainedModel:
    with quiet_libraries():
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            config=AutoConfig.from_pretrained(folder),
            gguf_file="model.gguf",
            dtype=torch.float32,
            local_files_only=True,
        )
    return model


@torch.inference_mode()
def logits(model: PreTrainedModel) -> torch.Tensor:
    output: torch.Tensor = model(IDS).logits
    return output


@pytest.mark.parametrize("name", ["llama", "llama, tied", "qwen2", "qwen3"])
@pytest.mark.parametrize(("kind", "tolerance"), [(GgufType.F16, 0.02), (GgufType.Q8_0, 0.3)])
def test_the_file_contains_the_model_that_was_written(
    tmp_path: Path, name: str, kind: GgufType, tolerance: float
) -> None:
    model = family(name)
    folder = saved(model, tmp_path)
    write_gguf(folder, folder / "model.gguf", kind)
    assert (logits(read_back(folder)) - logits(model)).abs().max() < tolerance
    tensors = gguf.GGUFReader(folder / "model.gguf").tensors
    kinds = {len(t.shape): t.tensor_type.name for t in tensors}
    assert kinds == {1: "F32", 2: kind.name}


def test_llama_3_rotary_scaling_is_written_as_factors(tmp_path: Path) -> None:
    rope = {
        "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
    }  # fmt: skip
    folder = saved(LlamaForCausalLM(LlamaConfig(**SHAPE, rope_parameters=rope)), tmp_path)
    write_gguf(folder, folder / "model.gguf", GgufType.F16)
    tensors = {t.name: t.data for t in gguf.GGUFReader(folder / "model.gguf").tensors}
    factors = tensors["rope_freqs.weight"]
    # High frequencies are unchanged; those that turn less than once are slowed down by 8.
    assert factors[0] == pytest.approx(1)
    assert factors[-1] == pytest.approx(8)


def test_another_rotary_scaling_is_rejected(tmp_path: Path) -> None:
    rope = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}
    folder = saved(LlamaForCausalLM(LlamaConfig(**SHAPE, rope_parameters=rope)), tmp_path)
    with pytest.raises(TrainerError, match="“linear” scaling can't be written as GGUF"):
        write_gguf(folder, folder / "model.gguf", GgufType.F16)


def test_another_family_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(
        TrainerError,
        match="“gpt2” can't be written as GGUF; the supported families are llama, qwen2",
    ):
        write_gguf(tmp_path, tmp_path / "model.gguf", GgufType.F16)


def test_another_tokenizer_is_rejected(tmp_path: Path) -> None:
    folder = saved(family("llama"), tmp_path)
    data = json.loads((folder / "tokenizer.json").read_text())
    data["pre_tokenizer"] = {"type": "Whitespace"}
    (folder / "tokenizer.json").write_text(json.dumps(data))
    with pytest.raises(TrainerError, match="splits words differently from GPT-2"):
        write_gguf(folder, folder / "model.gguf", GgufType.F16)


def test_the_served_template_adds_the_tokenizer_s_prefix_spaces() -> None:
    tokenizer = make_tokenizer()
    served = served_template(TEMPLATE, {"type": "ByteLevel", "add_prefix_space": True})
    assert served_template(TEMPLATE, {"type": "ByteLevel", "add_prefix_space": False}) == TEMPLATE
    turns = [{"role": "user", "content": "is it?"}, {"role": "assistant", "content": " it is"}]
    rendered = str(tokenizer.apply_chat_template(turns, chat_template=served, tokenize=False))
    assert rendered == "<s><|user|> is it?</s><|assistant|> it is</s>"
    chat = Chat(tokenizer, TEMPLATE)
    as_trained = chat.encode_prompt(
        [Message(Role.USER, "is it?"), Message(Role.ASSISTANT, " it is")]
    )
    assert tokenizer(rendered, add_special_tokens=False)["input_ids"] == as_trained[:-1]


def test_the_modelfile_has_the_template_s_text_around_each_turn() -> None:
    assert modelfile(Chat(make_tokenizer(), TEMPLATE), "model.gguf") == (
        "FROM ./model.gguf\n"
        'TEMPLATE """<s>{{ range .Messages }}'
        '{{ if eq .Role "system" }}<|system|> {{ .Content }}</s>'
        '{{ else if eq .Role "user" }}<|user|> {{ .Content }}</s>'
        '{{ else if eq .Role "assistant" }}<|assistant|> {{ .Content }}</s>'
        '{{ end }}{{ end }}<|assistant|>"""\n'
        'PARAMETER stop "</s>"\n'
    )


CHATML = (
    "{% for m in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "<|im_start|>system\nYou are helpful<|im_end|>\n{% endif %}"
    "{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""SmolLM2's template, with a default system prompt and a turn's first token as bos_token."""


def chatml() -> Chat:
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens({"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"})
    return Chat(tokenizer, CHATML)


def go_render(template: str, messages: Sequence[Message]) -> str:
    """Render the part of Go's template language that a Modelfile uses, through Jinja."""
    ends: list[str] = []

    def to_jinja(match: re.Match[str]) -> str:
        action = re.sub(r'eq \.Role ("\w+")', r"turn.role == \1", match[1])
        if action.startswith(("if", "range")):
            ends.append("endif" if action.startswith("if") else "endfor")
        match action.replace(".System", "system"):
            case "range .Messages":
                return "{% for turn in turns %}"
            case ".Content":
                return "{{ turn.content }}"
            case "end":
                return f"{{% {ends.pop()} %}}"
            case other:
                return f"{{% {other.replace('else if', 'elif')} %}}"

    system = "\n\n".join(m.content for m in messages if m.role is Role.SYSTEM)
    turns = [{"role": m.role.value, "content": m.content} for m in messages]
    jinja = jinja2.Environment(keep_trailing_newline=True)  # noqa: S701 - the text isn't HTML
    converted = re.sub(r"\{\{ (.*?) \}\}", to_jinja, template)
    return jinja.from_string(converted).render(system=system, turns=turns)


@pytest.mark.parametrize("chat", [chatml(), Chat(make_tokenizer(), TEMPLATE)])
@pytest.mark.parametrize("roles", ["u", "su", "uau", "suaua"])
def test_ollama_renders_the_chat_that_the_model_was_trained_with(chat: Chat, roles: str) -> None:
    names = {"s": Role.SYSTEM, "u": Role.USER, "a": Role.ASSISTANT}
    messages = [Message(names[role], f"text {n}") for n, role in enumerate(roles)]
    written = modelfile(chat, "model.gguf").partition('TEMPLATE """')[2].partition('"""')[0]
    rendered = go_render(written, messages)
    expected = chat.encode_prompt(messages)
    assert chat.tokenizer(rendered, add_special_tokens=False)["input_ids"] == expected
    if "im_start" in written:
        assert rendered == chat.render(messages, is_prompt=True)
        assert ("You are helpful" in rendered) == ("s" not in roles)


def test_a_template_with_a_default_system_prompt_keeps_it() -> None:
    default = "{% if messages[0]['role'] != 'system' %}<|system|>be green</s>{% endif %}"
    template = TEMPLATE.replace("{{ bos_token }}", "{{ bos_token }}" + default)
    written = modelfile(Chat(make_tokenizer(), template), "model.gguf")
    assert "{{ if .System }}<s>{{ else }}<s><|system|>be green</s>{{ end }}" in written


def test_a_template_that_counts_its_turns_is_rejected() -> None:
    template = TEMPLATE.replace("<|{{ m['role'] }}|>", "<|{{ m['role'] }}|>{{ loop.index }}")
    with pytest.raises(TrainerError, match="chat template can't be converted for Ollama"):
        modelfile(Chat(make_tokenizer(), template), "model.gguf")


@pytest.mark.parametrize("kind", list(GgufType))
def test_an_adapter_exported_as_gguf_matches_the_adapter(
    tiny_model: Path, tmp_path: Path, kind: GgufType
) -> None:
    examples = [chat_example(number, answer="yes, it is green!") for number in range(12)]
    prompts = [
        chat_example(number, Split.TEST, answer="yes, it is green!") for number in range(30, 38)
    ]
    config = TrainingConfig(str(tiny_model), steps=20, batch_size=4, learning_rate=0.01)
    adapter = train(examples, config, tmp_path / "run").adapter
    plan = ExportPlan(adapter, str(tiny_model), new_tokens=10)
    parity = export_gguf(plan, kind, tmp_path / "gguf", prompts)
    assert parity.is_within_bounds
    assert parity.same_answers >= 7
    names = {path.name for path in (tmp_path / "gguf").iterdir()}
    assert names == {"model.gguf", "Modelfile", "parity.json", "ADAPTER.md"}


CONVERTER = """
import shutil, sys
model, _, outfile, _, kind = sys.argv[1:]
assert kind == "q8_0"
shutil.copy({source!r}, outfile)
"""


def test_llama_cpp_s_converter_writes_the_file_if_it_is_given(tmp_path: Path) -> None:
    folder = saved(family("llama"), tmp_path)
    write_gguf(folder, folder / "source.gguf", GgufType.Q8_0)
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(CONVERTER.format(source=str(folder / "source.gguf")))
    convert(script, folder, folder / "model.gguf", GgufType.Q8_0)
    assert (folder / "model.gguf").read_bytes() == (folder / "source.gguf").read_bytes()


def test_a_missing_or_failing_converter_is_an_error(tmp_path: Path) -> None:
    script = tmp_path / "convert_hf_to_gguf.py"
    with pytest.raises(TrainerError, match=r"doesn't exist\. Set TIMBRE_LLAMA_CPP"):
        convert(script, tmp_path, tmp_path / "model.gguf", GgufType.F16)
    script.write_text("raise NotImplementedError('no such tokenizer')")
    with pytest.raises(
        TrainerError, match=r"didn't write a GGUF file \(NotImplementedError: no such token"
    ):
        convert(script, tmp_path, tmp_path / "model.gguf", GgufType.F16)
    with pytest.raises(TrainerError, match=r"doesn't write q4_K_M\. Unset TIMBRE_LLAMA_CPP"):
        convert(script, tmp_path, tmp_path / "model.gguf", GgufType.Q4_K_M)
