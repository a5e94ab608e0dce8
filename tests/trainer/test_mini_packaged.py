"""The packaged model: whole, small, and checked before it is used."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from trainer.errors import TrainerError
from trainer.mini import packaged
from trainer.mini.documents import Turn
from trainer.mini.measure import answers, rouge_l
from trainer.mini.recipe import Recipe, Shape
from trainer.mini.tokenizer import train
from trainer.mini.training import new_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shape = Shape(vocabulary=280, hidden=32, intermediate=48, head_size=32, context=64)
    tokenizer = train(["A sentence to learn from."], 280, 64)
    return packaged.save(new_model(Recipe(shape=shape)), tokenizer, ["12", "7"], tmp_path / "model")


def test_a_saved_model_is_stock_float16_and_whole(folder: Path) -> None:
    assert packaged.checked(folder) == folder
    model = LlamaForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.float16
    assert "timbre" not in (folder / "config.json").read_text()
    assert (folder / "trained_on.txt").read_text() == "12\n7\n"


def test_a_damaged_file_is_named_with_the_recipe(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(TrainerError, match=r"another model\.safetensors .*trainer\.mini\.build"):
        packaged.checked(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "SHA256SUMS"])
def test_a_missing_file_is_named_with_the_recipe(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TrainerError, match=rf"no {name} in .*trainer\.mini\.build"):
        packaged.checked(folder)


def test_the_packaged_model_is_small_and_loads_with_the_stock_classes() -> None:
    folder = packaged.mini_folder()
    assert (folder / "model.safetensors").stat().st_size <= 16 * 1024**2
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.num_parameters() <= 8_000_000
    assert AutoTokenizer.from_pretrained(folder).chat_template.count("{% generation %}") == 1
    assert len(packaged.trained_on()) > 1000


def test_the_packaged_model_answers_with_a_sentence_of_the_passage() -> None:
    folder = packaged.mini_folder()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    first = "The keeper of the tower painted every boat in the harbour blue."
    other = "Rain fell on the hills for most of that week."
    turn = Turn(((first, other),), "What did the keeper of the tower do?", range(2))
    said = answers(model, tokenizer, [turn])[0]
    assert rouge_l(turn.reference, said) > 0.8
