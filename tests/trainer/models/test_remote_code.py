"""A model's own Python code runs only if the user's list names exactly this version of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from trainer.errors import TrainerError
from trainer.libraries import quiet_libraries
from trainer.models.loading import load_model, load_tokenizer
from trainer.models.lookup import fingerprint, resolve
from trainer.models.precision import choose_precision
from trainer.models.remote_code import trust_entry, trust_models

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
def no_trusted_models() -> Iterator[None]:
    trust_models([])
    yield
    trust_models([])


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that the model's code creates when it runs."""
    return tmp_path / "code-ran"


@pytest.fixture
def own(tiny_model: Path, tmp_path: Path, mark: Path) -> Path:
    """A folder with a model that contains Python code."""
    return with_code(tiny_model, tmp_path / "own", mark)


def with_code(model: Path, folder: Path, mark: Path) -> Path:
    shutil.copytree(model, folder)
    set_auto_map(
        folder,
        "config.json",
        {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
    )
    (folder / "own.py").write_text(CODE.format(mark=str(mark)))
    return folder


def set_auto_map(folder: Path, name: str, auto_map: object) -> None:
    config = json.loads((folder / name).read_text())
    kind = {"model_type": "own"} if name == "config.json" else {}
    (folder / name).write_text(json.dumps({**config, **kind, "auto_map": auto_map}))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_is_rejected_with_the_entry_that_would_trust_it(
    tiny_model: Path, tmp_path: Path, mark: Path, name: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_model, folder)
    set_auto_map(folder, name, {"AutoConfig": "own.OwnConfig"})
    with pytest.raises(TrainerError, match=rf"{name}: `auto_map` makes the model run") as error:
        resolve(str(folder))
    assert trust_entry(folder) in str(error.value)
    assert not mark.exists()


def test_a_trusted_folder_loads_with_its_code(own: Path, mark: Path) -> None:
    trust_models([trust_entry(own)])
    assert resolve(str(own)) == own
    with quiet_libraries():
        model = load_model(own, choose_precision("float32", "cpu"))
        load_tokenizer(own)
    assert type(model).__name__ == "OwnModel"
    assert mark.exists()


def test_a_trusted_folder_is_rejected_once_its_code_changes(own: Path, mark: Path) -> None:
    trust_models([trust_entry(own)])
    before = fingerprint(str(own))
    code = own / "own.py"
    code.write_text(code.read_text() + "\n# and more\n")
    with pytest.raises(TrainerError, match="run its own Python code"):
        resolve(str(own))
    trust_models([trust_entry(own)])
    assert fingerprint(str(own)) != before
    assert not mark.exists()


def test_loading_without_a_check_runs_no_code_either(own: Path, mark: Path) -> None:
    with pytest.raises(TrainerError, match=r"Loading the model from .* failed"), quiet_libraries():
        load_model(own, choose_precision("float32", "cpu"))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("entry", "is_trusted"),
    [
        (f"owner/name@{COMMIT}", True),
        (f"owner/name@{COMMIT[::-1]}", False),
        (f"other/name@{COMMIT}", False),
        ("owner/name", False),
        (f"@{COMMIT}", False),
    ],
)
def test_a_hub_model_needs_an_entry_with_its_repository_and_commit(
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
    is_trusted: bool,
) -> None:
    place = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    with_code(tiny_model, place, tmp_path / "mark")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(place))
    trust_models([entry])
    if is_trusted:
        assert resolve("owner/name", COMMIT) == place
    else:
        with pytest.raises(TrainerError, match=rf"add owner/name@{COMMIT} to TIMBRE_TRUSTED"):
            resolve("owner/name", COMMIT)


def test_code_from_another_repository_is_always_rejected(own: Path) -> None:
    set_auto_map(own, "config.json", {"AutoTokenizer": ["owner/other--own.Slow", None]})
    trust_models([trust_entry(own)])
    with pytest.raises(TrainerError, match=r"another repository \(owner/other--own.Slow\)"):
        resolve(str(own))


@pytest.mark.parametrize("content", ["{", "[1]", '"auto_map"'])
def test_a_broken_config_is_rejected(own: Path, content: str) -> None:
    (own / "tokenizer_config.json").write_text(content)
    with pytest.raises(TrainerError, match=r"tokenizer_config\.json.* again"):
        resolve(str(own))
