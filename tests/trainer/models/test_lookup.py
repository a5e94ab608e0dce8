"""Base models: found by name, identified by content, rejected if they could run code."""

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
from trainer.models.loading import load_model, load_tokenizer
from trainer.models.lookup import fingerprint, pin_revision, resolve
from trainer.models.precision import choose_precision


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def test_a_folder_resolves_to_itself(tiny_model: Path) -> None:
    assert resolve(str(tiny_model)) == tiny_model


def test_a_cached_hub_model_is_used_without_the_network(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[tuple[str, str | None, bool]] = []

    def snapshot(base: str, revision: str | None, local_files_only: bool, **_: object) -> str:
        requests.append((base, revision, local_files_only))
        return str(tiny_model)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert resolve("owner/name", "abc123") == tiny_model
    assert requests == [("owner/name", "abc123", True)]


def test_a_failed_download_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(base: str, *, local_files_only: bool = False, **_: object) -> str:
        raise LocalEntryNotFoundError("not here") if local_files_only else OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    with pytest.raises(TrainerError, match=r"model “owner/name” at v2 failed \(OSError"):
        resolve("owner/name", "v2")


@pytest.mark.parametrize("name", ["no-such-model", "./not/here", "/not/here", "a/b/c"])
def test_an_unknown_model_is_rejected(name: str) -> None:
    with pytest.raises(TrainerError, match=f"There is no model “{name}”. Use “mini”"):
        resolve(name)


def test_pickled_weights_are_rejected_by_name(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(TrainerError, match=r"only pytorch_model.bin, a pickle file that can run"):
        resolve(str(copy))


def test_a_folder_without_a_model_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"has no config\.json"):
        resolve(str(tmp_path))


def test_a_tokenizer_without_a_chat_template_is_rejected(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(
        TrainerError, match=r"has no chat template, so chats can't be encoded. Use the instruct"
    ):
        Chat.from_tokenizer(load_tokenizer(copy))


def test_the_fingerprint_depends_on_content_not_on_location(tiny_model: Path, copy: Path) -> None:
    assert fingerprint(str(copy)) == fingerprint(str(tiny_model))
    (copy / "README.md").write_text("words about it")
    assert fingerprint(str(copy)) == fingerprint(str(tiny_model))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_the_fingerprint_changes_with_weights_tokenizer_or_template(
    tiny_model: Path, copy: Path, name: str
) -> None:
    content = bytearray((copy / name).read_bytes())
    content[-2] ^= 1
    (copy / name).write_bytes(content)
    assert fingerprint(str(copy)) != fingerprint(str(tiny_model))


def float32(folder: Path) -> PreTrainedModel:
    with quiet_libraries():
        return load_model(folder, choose_precision("float32", "cpu"))


def test_truncated_weights_are_rejected(copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(
        TrainerError, match=r"Loading the model from .* failed .*Safetensor.* again"
    ):
        float32(copy)


def test_missing_weights_are_rejected(copy: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    weights = load_file(copy / "model.safetensors")
    del weights[name]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(TrainerError, match=rf"is missing 1 of the model's weights \({name}\)"):
        float32(copy)


def test_weights_of_more_layers_than_the_config_has_are_rejected(copy: Path) -> None:
    settings = json.loads((copy / "config.json").read_text())
    settings["num_hidden_layers"] -= 1
    settings.pop("layer_types", None)
    (copy / "config.json").write_text(json.dumps(settings))
    with pytest.raises(
        TrainerError, match=r"contains weights for more layers than its config.json"
    ):
        load_model(copy, choose_precision("float32"))


def test_weights_of_another_shape_are_rejected(copy: Path) -> None:
    settings = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**settings, "intermediate_size": 32}))
    with pytest.raises(TrainerError, match=r"Loading the model from .* failed"):
        float32(copy)


def test_an_unknown_architecture_is_rejected(copy: Path) -> None:
    settings = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**settings, "model_type": "tomorrow"}))
    with pytest.raises(TrainerError, match=r"Loading the model from .* failed .*ValueError"):
        float32(copy)


def test_a_missing_tokenizer_is_rejected(copy: Path) -> None:
    for path in copy.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(TrainerError, match=r"Loading the tokenizer from .* failed"):
        load_tokenizer(copy)


@pytest.mark.parametrize(
    "odd",
    [{"num_attention_heads": 0}, {"hidden_size": "many"}, {"vocab_size": None},
     {"rope_parameters": 7}],
    ids=lambda odd: next(iter(odd)),
)  # fmt: skip
def test_impossible_settings_are_rejected(copy: Path, odd: dict[str, object]) -> None:
    settings = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**settings, **odd}))
    with pytest.raises(TrainerError):
        float32(copy)


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokenizer.json", "{"), ("tokenizer.json", '{"model": 7}'),
     pytest.param("tokenizer.json", "[" * 9999, id="deeply nested"),
     ("tokenizer_config.json", '{"tokenizer_class": 7}'), ("tokenizer_config.json", "[]")],
)  # fmt: skip
def test_a_broken_tokenizer_is_rejected(copy: Path, name: str, content: str) -> None:
    (copy / name).write_text(content)
    with pytest.raises(TrainerError):
        load_tokenizer(resolve(str(copy)))


def test_a_tokenizer_without_an_end_token_is_rejected(copy: Path) -> None:
    path = copy / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in settings.items() if k != "eos_token"}))
    with pytest.raises(TrainerError, match="has no eos_token"):
        load_tokenizer(copy)


@pytest.mark.parametrize(
    "template", ["{{ 1 / 0 }}", "{{ messages + 1 }}", "{% for %}", "{{ x.y }}"]
)
def test_a_broken_template_is_an_error(copy: Path, template: str) -> None:
    (copy / "chat_template.jinja").write_text(template)
    chat = Chat.from_tokenizer(load_tokenizer(copy))
    with pytest.raises(TrainerError, match="can't render a chat with the turns user"):
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
