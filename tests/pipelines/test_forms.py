"""Tone and persona files: what they must say, and the one sentence when they do not."""

from pathlib import Path

import pytest

from pipelines.form import FormError
from pipelines.persona_file import check_persona, load_persona
from pipelines.tone_file import check_tone, load_tone

CONFIGS = Path(__file__).parents[2] / "configs"
TONES = sorted((CONFIGS / "tones").glob("*.toml"))
PERSONAS = sorted((CONFIGS / "personas").glob("*.toml"))


@pytest.mark.parametrize("path", TONES, ids=lambda p: p.stem)
def test_every_shipped_tone_is_without_fault(path: Path) -> None:
    assert check_tone(path) == []
    assert load_tone(path).name == path.stem


@pytest.mark.parametrize("path", PERSONAS, ids=lambda p: p.stem)
def test_every_shipped_persona_is_without_fault(path: Path) -> None:
    assert check_persona(path) == []
    assert len(load_persona(path).traits) >= 4


def changed(path: Path, folder: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = folder / path.name
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


CONVERSATIONAL = CONFIGS / "tones" / "conversational.toml"
MARLO = CONFIGS / "personas" / "marlo.toml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "conv', 'colour = "red"\nname = "conv', "unknown key “colour” in"),
        ('language = "en"\n#', "language = 5\n#", "found 5 for “language”"),
        ("value = 3", "value = true", "found True for “value”"),
        ("value = 3", "value = 2", "rising values"),
        ('answer = "tone_answer.v1"', 'answer = "gone.v9"', "no prompt file is called “gone.v9”"),
        ("link_share = 0.45", "link_share = 1.5", "1.5 is not between 0 and 1"),
        ('"split", ', '"shuffle", ', "“shuffle” is no move of the phrasebook"),
        ("{topic}? ", "{subject}? ", "unknown slot {subject}"),
        ("{topic}? ", "{topic? ", "braces"),
        ('question = "How conversational is this answer?"', "", "found no “question”"),
        ("[scale]", "[scale", "no TOML"),
    ],
)  # fmt: skip
def test_a_fault_in_a_tone_file_is_one_sentence(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    copy = changed(CONVERSATIONAL, tmp_path, old, new)
    (fault,) = check_tone(copy)
    assert said in fault
    with pytest.raises(FormError, match="conversational"):
        load_tone(copy)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "dry"', 'name = "patient"', "names of their own"),
        ('never = ["repeats itself", "flatters"]', "never = []", "“plain” has no never"),
        ('never = ["repeats itself", "flatters"]', 'never = [" "]', "has no never, or a blank"),
        ('name = "Marlo"', 'name = " "', "there is no name"),
        ("{No hurry|There's no hurry}", "{Now|There's no hurry}", "without a marker of its trait"),
        ("{Kettle's on|", "{{moon}|", "unknown slot {moon}"),
        ('[[facts]]\nfirst = "I ran', '[[facts]]\nsaid = "I ran', "unknown key “said”"),
    ],
)
def test_a_fault_in_a_persona_file_is_one_sentence(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    copy = changed(MARLO, tmp_path, old, new)
    assert said in " ".join(check_persona(copy))
    with pytest.raises(FormError, match="marlo"):
        load_persona(copy)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    assert check_tone(tmp_path / "none.toml") == [
        f"found {tmp_path / 'none.toml'} that cannot be read (No such file or directory), "
        "expected a TOML file; check the path"
    ]


def test_the_fingerprint_changes_with_any_phrase(tmp_path: Path) -> None:
    copy = changed(MARLO, tmp_path, "Tide'll turn.", "Tide will turn.")
    assert load_persona(copy).fingerprint != load_persona(MARLO).fingerprint
    assert load_persona(MARLO).fingerprint == load_persona(MARLO).fingerprint
