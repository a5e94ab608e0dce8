"""A base model is found by its name, named by its content, and refused where it could run code."""

import json
import shutil
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from db.records import Message, Role
from trainer.chat import Chat
from trainer.config import TrainingConfig
from trainer.errors import TrainerError
from trainer.libraries import quiet_libraries
from trainer.models import fingerprint, load_model, load_tokenizer, pin_revision, resolve
from trainer.precision import choose_precision


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def test_a_folder_is_its_own_path(tiny_model: Path) -> None:
    assert resolve(str(tiny_model)) == tiny_model


def test_a_hub_id_is_taken_from_this_machine_without_asking_the_network(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None, bool]] = []

    def snapshot(base: str, revision: str | None, local_files_only: bool, **_: object) -> str:
        asked.append((base, revision, local_files_only))
        return str(tiny_model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert resolve("owner/name", "abc123") == tiny_model
    assert asked == [("owner/name", "abc123", True)]


def test_a_hub_model_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(base: str, *, local_files_only: bool = False, **_: object) -> str:
        raise LocalEntryNotFoundError("not here") if local_files_only else OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    with pytest.raises(TrainerError, match=r"could not get the model “owner/name” at v2 \(OSErr"):
        resolve("owner/name", "v2")


@pytest.mark.parametrize("name", ["no-such-model", "./not/here", "/not/here", "a/b/c"])
def test_a_model_that_is_nowhere_is_refused(name: str) -> None:
    with pytest.raises(TrainerError, match=f"found no model at “{name}”, expected “mini”"):
        resolve(name)


def test_a_folder_of_pickled_weights_is_refused_by_name(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(TrainerError, match=r"found pytorch_model.bin, a pickle file that can run"):
        resolve(str(copy))


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"found no config\.json"):
        resolve(str(tmp_path))


def test_a_tokenizer_without_a_chat_template_is_refused(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(TrainerError, match=r"has no chat template, expected one; use the model's"):
        Chat.of(load_tokenizer(copy))


def test_the_fingerprint_is_that_of_the_content_and_not_of_the_place(
    tiny_model: Path, copy: Path
) -> None:
    assert fingerprint(str(copy)) == fingerprint(str(tiny_model))
    (copy / "README.md").write_text("words about it")
    assert fingerprint(str(copy)) == fingerprint(str(tiny_model))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_the_fingerprint_changes_with_weights_tokenizer_and_template(
    tiny_model: Path, copy: Path, name: str
) -> None:
    content = bytearray((copy / name).read_bytes())
    content[-2] ^= 1
    (copy / name).write_bytes(content)
    assert fingerprint(str(copy)) != fingerprint(str(tiny_model))


def float32(folder: Path) -> PreTrainedModel:
    with quiet_libraries():
        return load_model(folder, choose_precision("float32", "cpu"))


def test_weights_that_are_cut_off_are_one_sentence(copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(TrainerError, match=r"cannot load the model in .*Safetensor.* get it again"):
        float32(copy)


def test_weights_that_are_not_all_there_are_not_left_to_chance(copy: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    weights = load_file(copy / "model.safetensors")
    del weights[name]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(TrainerError, match=rf"found 1 weights of the model in .* \({name}\)"):
        float32(copy)


def test_a_model_of_fewer_layers_than_its_weights_is_refused(copy: Path) -> None:
    settings = json.loads((copy / "config.json").read_text())
    settings["num_hidden_layers"] -= 1
    settings.pop("layer_types", None)
    (copy / "config.json").write_text(json.dumps(settings))
    with pytest.raises(TrainerError, match=r"weights in .* of more layers than its config.json"):
        load_model(copy, choose_precision("float32"))


def test_weights_of_another_shape_than_the_settings_say_are_one_sentence(copy: Path) -> None:
    told = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**told, "intermediate_size": 32}))
    with pytest.raises(TrainerError, match="cannot load the model in"):
        float32(copy)


def test_an_architecture_that_is_not_known_is_one_sentence(copy: Path) -> None:
    told = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**told, "model_type": "tomorrow"}))
    with pytest.raises(TrainerError, match=r"cannot load the model in .*ValueError"):
        float32(copy)


def test_a_folder_without_a_tokenizer_is_one_sentence(copy: Path) -> None:
    for path in copy.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(TrainerError, match="cannot load the tokenizer in"):
        load_tokenizer(copy)


@pytest.mark.parametrize(
    "odd",
    [{"num_attention_heads": 0}, {"hidden_size": "many"}, {"vocab_size": None},
     {"rope_parameters": 7}],
    ids=lambda odd: next(iter(odd)),
)  # fmt: skip
def test_settings_that_no_model_can_have_are_one_sentence(
    copy: Path, odd: dict[str, object]
) -> None:
    told = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**told, **odd}))
    with pytest.raises(TrainerError):
        float32(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokenizer.json", "{"), ("tokenizer.json", '{"model": 7}'),
     pytest.param("tokenizer.json", "[" * 9999, id="nested without end"),
     ("tokenizer_config.json", '{"tokenizer_class": 7}'), ("tokenizer_config.json", "[]")],
)  # fmt: skip
def test_a_tokenizer_that_is_none_is_one_sentence(copy: Path, name: str, content: str) -> None:
    (copy / name).write_text(content)
    with pytest.raises(TrainerError):
        load_tokenizer(resolve(str(copy)))


def test_a_tokenizer_that_ends_no_turn_is_refused(copy: Path) -> None:
    path = copy / "tokenizer_config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in told.items() if k != "eos_token"}))
    with pytest.raises(TrainerError, match="found no eos_token in the tokenizer of"):
        load_tokenizer(copy)


@pytest.mark.parametrize(
    "template", ["{{ 1 / 0 }}", "{{ messages + 1 }}", "{% for %}", "{{ x.y }}"]
)
def test_a_template_that_cannot_be_rendered_is_one_sentence(copy: Path, template: str) -> None:
    (copy / "chat_template.jinja").write_text(template)
    chat = Chat.of(load_tokenizer(copy))
    with pytest.raises(TrainerError, match="refuses a chat of the turns user"):
        chat.encode_prompt([Message(Role.USER, "so?")])


@pytest.mark.parametrize("precision", ["float32", "int8", "nf4"])
def test_a_base_loads_in_each_precision(tiny_model: Path, precision: str) -> None:
    model = load_model(tiny_model, choose_precision(precision, "cpu"))
    assert bool(getattr(model, "is_loaded_in_8bit", False)) == (precision == "int8")
    assert bool(getattr(model, "is_loaded_in_4bit", False)) == (precision == "nf4")


def test_a_hub_model_without_a_revision_is_pinned_to_its_commit(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = tmp_path / "models--owner--name" / "snapshots" / commit
    shutil.copytree(tiny_model, place)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(place))
    config = TrainingConfig("owner/name")
    pinned = pin_revision(config)
    assert pinned.revision == commit
    assert config.matches(pinned.canonical)
    assert not TrainingConfig("owner/name", seed=1).matches(pinned.canonical)
    assert pin_revision(TrainingConfig(str(tiny_model))).revision == ""
