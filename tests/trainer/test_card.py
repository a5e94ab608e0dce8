"""The adapter's card names its version, its reviewers and the authors of its sources."""

from dataclasses import replace
from pathlib import Path

from db.records import Gate, Version
from trainer.card import AdapterCard, render_card, write_card
from trainer.training.results import TrainingResult, result_from_json, result_to_json


def card(adapter: Path, *kinds: str) -> AdapterCard:
    result = TrainingResult(
        adapter=adapter,
        metrics={"validation_loss": 0.5},
        losses=(2.0, 1.0),
        precision="float32",
        precision_reason="this CPU has no bfloat16 units",
        device="a CPU",
        libraries={"torch": "2"},
        peak_memory_mb=900,
        tokens_per_second=1234.4,
        base_fingerprint="b" * 64,
        template_fingerprint="t" * 64,
        seconds=3,
    )
    version = Version(root="a" * 64, name="v1", train=80, reviewer_kinds=kinds)
    return AdapterCard(result, "mini", "{}", version, "cc-by-sa-4.0", "By the authors of “Otter”.")


def test_the_card_is_written_next_to_the_weights_and_attributes_the_sources(tmp_path: Path) -> None:
    path = write_card(card(tmp_path, "person"))
    assert path == tmp_path / "README.md"
    text = path.read_text()
    assert "\nlicense: cc-by-sa-4.0\n" in text
    assert text.endswith("## Sources and licence\n\nBy the authors of “Otter”.\n")
    assert "version `aaaaaaaaaaaa` (v1): 80 training" in text
    assert "validation_loss | 0.5" in text


def test_the_card_says_when_rules_reviewed_instead_of_people(tmp_path: Path) -> None:
    assert "not by people" in render_card(card(tmp_path, "rule"))
    assert "in part by **written rules" in render_card(card(tmp_path, "person", "rule"))
    assert "rules" not in render_card(card(tmp_path, "person"))


def test_the_card_flags_an_overridden_freeze_at_its_top(tmp_path: Path) -> None:
    plain = card(tmp_path, "person")
    gate = Gate("length", False, "2 texts outside", "3 to 400 words", "edit them")
    version = replace(plain.version, gates=(gate,), override="a test")
    text = render_card(replace(plain, version=version))
    notice = "**Frozen although gates failed (length): a test**"
    assert text.index("# A LoRA adapter") < text.index(notice) < text.index("Trained on version")
    assert "Frozen" not in render_card(plain)


def test_a_result_survives_its_json_and_a_moved_folder(tmp_path: Path) -> None:
    result = card(tmp_path / "adapter").result
    assert result_from_json(result_to_json(result), tmp_path) == result


def test_the_card_names_the_base_models_origin_and_licence(tmp_path: Path) -> None:
    plain = card(tmp_path, "person")
    smollm2 = render_card(replace(plain, base="smollm2"))
    assert "\nbase_model: HuggingFaceTB/SmolLM2-135M-Instruct\n" in smollm2
    assert "by Hugging Face (HuggingFaceTB), under the Apache License 2.0" in smollm2
    assert "mini base model that Timbre ships (CC BY-SA 4.0)" in render_card(plain)
    hub = render_card(replace(plain, base="owner/name"))
    assert "owner/name. Its licence is on its model card" in hub
