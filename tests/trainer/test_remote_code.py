"""A model's own Python code runs only where the user's list names the model at that very state."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from trainer.errors import TrainerError
from trainer.libraries import quiet_libraries
from trainer.models import fingerprint, load_model, load_tokenizer, resolve
from trainer.precision import choose_precision
from trainer.remote_code import code_id, trust_models

CODE = """
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM

Path({mark!r}).touch()


class OwnConfig(LlamaConfig):
    model_type = "own"


class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def nobody_is_trusted() -> Iterator[None]:
    trust_models([])
    yield
    trust_models([])


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """What the model's code leaves behind when it runs."""
    return tmp_path / "it-ran"


@pytest.fixture
def own(tiny_model: Path, tmp_path: Path, mark: Path) -> Path:
    """A model with code of its own, in a folder."""
    return with_code(tiny_model, tmp_path / "own", mark)


def with_code(model: Path, folder: Path, mark: Path) -> Path:
    shutil.copytree(model, folder)
    ask(
        folder,
        "config.json",
        {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
    )
    (folder / "own.py").write_text(CODE.format(mark=str(mark)))
    return folder


def ask(folder: Path, name: str, wanted: object) -> None:
    told = json.loads((folder / name).read_text())
    kind = {"model_type": "own"} if name == "config.json" else {}
    (folder / name).write_text(json.dumps({**told, **kind, "auto_map": wanted}))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_is_refused_and_the_sentence_says_what_to_put_on_the_list(
    tiny_model: Path, tmp_path: Path, mark: Path, name: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_model, folder)
    ask(folder, name, {"AutoConfig": "own.OwnConfig"})
    with pytest.raises(TrainerError, match=rf"“auto_map” in .*{name}: the model wants to run") as e:
        resolve(str(folder))
    assert code_id(folder) in str(e.value)
    assert not mark.exists()


def test_a_folder_on_the_list_loads_with_its_code(own: Path, mark: Path) -> None:
    trust_models([code_id(own)])
    assert resolve(str(own)) == own
    with quiet_libraries():
        model = load_model(own, choose_precision("float32", "cpu"))
        load_tokenizer(own)
    assert type(model).__name__ == "OwnModel"
    assert mark.exists()


def test_a_folder_whose_code_was_changed_since_is_refused(own: Path, mark: Path) -> None:
    trust_models([code_id(own)])
    before = fingerprint(str(own))
    code = own / "own.py"
    code.write_text(code.read_text() + "\n# and more\n")
    with pytest.raises(TrainerError, match="wants to run its own Python code"):
        resolve(str(own))
    trust_models([code_id(own)])
    assert fingerprint(str(own)) != before
    assert not mark.exists()


def test_loading_without_asking_first_runs_no_code_either(own: Path, mark: Path) -> None:
    with pytest.raises(TrainerError, match="cannot load the model in"), quiet_libraries():
        load_model(own, choose_precision("float32", "cpu"))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("entry", "passes"),
    [
        (f"owner/name@{COMMIT}", True),
        (f"owner/name@{COMMIT[::-1]}", False),
        (f"other/name@{COMMIT}", False),
        ("owner/name", False),
        (f"@{COMMIT}", False),
    ],
)
def test_of_the_hub_the_repository_and_the_commit_must_both_be_on_the_list(
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
    passes: bool,
) -> None:
    place = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    with_code(tiny_model, place, tmp_path / "mark")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(place))
    trust_models([entry])
    if passes:
        assert resolve("owner/name", COMMIT) == place
    else:
        with pytest.raises(TrainerError, match=rf"put owner/name@{COMMIT} into TIMBRE_TRUSTED"):
            resolve("owner/name", COMMIT)


def test_the_code_of_another_repository_is_always_refused(own: Path) -> None:
    ask(own, "config.json", {"AutoTokenizer": ["owner/other--own.Slow", None]})
    trust_models([code_id(own)])
    with pytest.raises(TrainerError, match=r"another repository \(owner/other--own.Slow\)"):
        resolve(str(own))


@pytest.mark.parametrize("content", ["{", "[1]", '"auto_map"'])
def test_settings_that_cannot_be_read_are_one_sentence(own: Path, content: str) -> None:
    (own / "tokenizer_config.json").write_text(content)
    with pytest.raises(TrainerError, match=r"tokenizer_config\.json.* again"):
        resolve(str(own))
