"""The packaged mini model: complete, small, and checked before use."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from benchmarks.mini_measures import answers, rouge_l
from recipes.mini.build import save
from recipes.mini.documents import train_tokenizer
from recipes.mini.model import new_model
from recipes.mini.questions import Turn
from recipes.mini.recipe import Recipe, Shape
from trainer.errors import TrainerError
from trainer.models import mini
from trainer.models.checksums import check_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shape = Shape(
        vocab_size=280,
        hidden_size=32,
        intermediate_size=48,
        head_dim=32,
        max_position_embeddings=64,
    )
    tokenizer = train_tokenizer(["A sentence to learn from."], shape)
    return save(new_model(Recipe(shape=shape)), tokenizer, ["12", "7"], tmp_path / "model")


def test_a_saved_model_is_complete_and_in_float16(folder: Path) -> None:
    assert check_files(folder, mini.REMEDY) == folder
    model = LlamaForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.float16
    assert "timbre" not in (folder / "config.json").read_text()
    assert (folder / "trained_on.txt").read_text() == "12\n7\n"


def test_a_damaged_file_is_named(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(TrainerError, match=r"model\.safetensors is damaged .*recipes\.mini\.build"):
        check_files(folder, mini.REMEDY)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "SHA256SUMS"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TrainerError, match=rf"{name} is missing.*recipes\.mini\.build"):
        check_files(folder, mini.REMEDY)


def test_the_packaged_model_is_small_and_loads_with_stock_classes() -> None:
    folder = mini.mini_folder()
    assert (folder / "model.safetensors").stat().st_size <= 16 * 1024**2
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.num_parameters() <= 8_000_000
    assert AutoTokenizer.from_pretrained(folder).chat_template.count("{% generation %}") == 1
    assert len(mini.trained_on()) > 1000


def test_the_packaged_model_answers_with_a_sentence_of_the_passage() -> None:
    folder = mini.mini_folder()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    first = "The keeper of the tower painted every boat in the harbour blue."
    other = "Rain fell on the hills for most of that week."
    turn = Turn(((first, other),), "What did the keeper of the tower do?", range(2))
    answer = answers(model, tokenizer, [turn])[0]
    assert rouge_l(turn.reference, answer) > 0.8
