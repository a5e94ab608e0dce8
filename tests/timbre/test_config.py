"""Configuration files: every problem is reported at once, with its key and what is allowed."""

import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from annotation.verdicts import VotingRule
from pipelines.voices.tone import Anchor, Scale, Tone
from studies.config import LadderConfig, PersonaStudy, Questions, ToneStudy
from timbre.campaign import (
    PersonaToml,
    ToneFile,
    load_campaign,
    load_persona,
    load_tone,
    resolve_campaign,
)
from timbre.campaign_config import CampaignConfig, ReviewConfig
from timbre.config import CONFIGS, ConfigError, config_file, parse_config, read_config
from timbre.settings import SettingsError
from trainer.config import TrainingConfig


def problems(kind: type[Any], data: dict[str, Any]) -> str:
    """What is wrong with plain values, as text."""
    with pytest.raises(ConfigError) as error:
        parse_config(kind, data, "a.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("campaigns", CampaignConfig), ("tones", ToneFile), ("personas", PersonaToml),
        ("training", TrainingConfig), ("questions", Questions),
    ],
)  # fmt: skip
def test_shipped_files_are_valid(folder: str, kind: type[Any]) -> None:
    paths = sorted((CONFIGS / folder).glob("*.toml"))
    assert paths
    for path in paths:
        assert read_config(kind, path)


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [("tone-*", ToneStudy), ("persona-*", PersonaStudy), ("ladder", LadderConfig)],
)
def test_shipped_studies_are_valid(pattern: str, kind: type[Any]) -> None:
    paths = sorted((CONFIGS / "studies").glob(f"{pattern}.toml"))
    assert paths
    for path in paths:
        assert read_config(kind, path)


def test_every_problem_of_a_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(
        'name = ""\ndescription = "d"\nsytem = "s"\nguidelines = []\nlanguage = 3\n'
        '[scale]\nquestion = "q"\n'
        'anchors = [{value = 2, label = "a", example = "b"},\n'
        '{value = 1, label = "a", example = "b"}]\n'
        '[phrasebook]\nmoves = ["split", "shuffle"]\nopener_share = 1.5\n'
        '[target]\nbounds = [{measure = "m", at_least = "high"}]\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as error:
        read_config(Tone, path)
    assert str(error.value).startswith(f"{path} has 8 problems:")
    for sentence in (
        '`name` is "", but must be text that isn\'t blank.',
        "`system` is missing. It should contain the system prompt that the model receives",
        "`sytem` isn't a valid key. Did you mean `system`? The allowed keys are name, description,",
        "`language` is 3, but must be text in quotes.",
        "`scale`: the anchor values [2, 1] must increase; list each value once, lowest first.",
        '`phrasebook.moves[2]` is "shuffle", but must be one of lead_ins, split, address,',
        "`phrasebook.opener_share` is 1.5, but must be 1.0 or less.",
        '`target.bounds[1].at_least` is "high", but must be a number.',
    ):
        assert sentence in str(error.value)


def test_a_single_problem_is_one_line() -> None:
    assert problems(LadderConfig, {"shots": 0}) == "a.toml: `shots` is 0, but must be 1 or more."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"base = ", "isn't valid TOML"),
        (b"\x00", "isn't valid TOML"),
        (b"base = " + b"[" * 9000, "isn't valid TOML"),
        (b"base = '\xff'", "is neither UTF-8 nor UTF-16"),
    ],
    ids=["half", "nul", "nested", "latin"],
)
def test_a_file_that_is_not_toml_is_rejected(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=reason):
        read_config(TrainingConfig, path)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"can't be read \(No such file or directory\)"):
        read_config(Tone, path)


def test_a_name_without_a_file_lists_the_shipped_ones() -> None:
    with pytest.raises(SettingsError, match="Did you mean “conversational”"):
        config_file("tones", "conversationel")
    with pytest.raises(SettingsError, match="configs/tones has conversational, plain-language"):
        config_file("tones", "zzz")


CAMPAIGN = {"name": "a", "tone": "conversational"}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (CAMPAIGN | {"colour": "red"}, "`colour` isn't a valid key"),
        (CAMPAIGN | {"gates": {"strict": 1}}, "`gates.strict` isn't a valid key"),
        (
            CAMPAIGN | {"gates": {"approved": "many"}},
            '`gates.approved` is "many", but must be a',
        ),
        (CAMPAIGN | {"gates": {"approved": True}}, "`gates.approved` is true, but must be a whole"),
        (CAMPAIGN | {"gates": {"approved": -1}}, "`gates.approved` is -1, but must be 0 or more"),
        (CAMPAIGN | {"gates": 3}, "`gates` is 3, but must be a table"),
        ({"name": "a"}, "but exactly one of them must be set"),
        (CAMPAIGN | {"persona": "p"}, "but exactly one of them must be set"),
        (CAMPAIGN | {"name": "../a"}, '`name` is "../a"'),
        ({"tone": "t"}, "`name` is missing. It should contain the name of the campaign"),
        (CAMPAIGN | {"review": {"verdict": "coin"}}, "must be one of majority, unanimity"),
        (
            CAMPAIGN | {"review": {"adjudicator": "ada"}},
            "“majority”, which doesn't use an adjudicator",
        ),
        (CAMPAIGN | {"review": {"verdict": "adjudicator"}}, "but `adjudicator` is empty"),
        (CAMPAIGN | {"review": {"overlap": 0}}, "`review.overlap` is 0, but must be 1 or more"),
        (
            CAMPAIGN | {"review": {"annotators": ["ada"]}},
            "each record needs 2 reviewers, but `annotators` lists only 1",
        ),
        (CAMPAIGN | {"freeze": {"train": 0.9}}, "the shares 0.9, 0.1, 0.2 don't add up to 1"),
        (CAMPAIGN | {"gates": {"agreement": float("nan")}}, "`gates.agreement` is nan"),
        (CAMPAIGN | {"gates": {"near_duplicate": 80}}, "must be 1.0 or less"),
        (
            CAMPAIGN | {"gates": {"shortest": 9, "longest": 3}},
            "`gates`: `shortest` (9) is larger than `longest` (3).",
        ),
        (CAMPAIGN | {"generate": {"temperature": float("inf")}}, "`generate.temperature` is inf"),
        (CAMPAIGN | {"generate": {"seed": 2**53 + 1}}, "JSON can't represent"),
        (CAMPAIGN | {"generate": {"kinds": ["haiku"]}}, "must be one of statement, dialogue"),
        (CAMPAIGN | {"freeze": {"minimum_articles": -1}}, "must be 0 or more"),
        (CAMPAIGN | {"tone": "t\0"}, "`tone` contains NUL"),
        (CAMPAIGN | {"sources": ["a", "b\ud800"]}, "`sources[2]` contains NUL or an unpaired"),
        (CAMPAIGN | {"evaluate": {"max_new_tokens": 0}}, "must be 1 or more"),
        (CAMPAIGN | {"evaluate": {"judge": "phrasebook"}}, "can't rate answers; choose a model"),
    ],
)
def test_a_campaign_value_that_cannot_work_is_rejected(data: dict[str, Any], problem: str) -> None:
    assert problem in problems(CampaignConfig, data)


def test_verdict_rules_are_those_of_the_reviews() -> None:
    for rule in VotingRule:
        adjudicator = "ada" if rule is VotingRule.ADJUDICATOR else ""
        assert ReviewConfig(verdict=rule.value, adjudicator=adjudicator).verdict == rule.value


def test_a_campaign_holds_everything_its_file_refers_to() -> None:
    campaign = load_campaign("demo-tone")
    assert campaign.voice == load_tone("conversational")
    assert campaign.training.config.base == "smollm2"
    assert campaign.require_criterion("this test").feature.name == "conversational"
    assert campaign.subject == "the tone “conversational”"
    assert campaign.review_settings.scale_question == "How conversational is this answer?"
    assert [training.name for training in campaign.watch_training] == ["smollm2"]


def test_defaults_fill_what_a_campaign_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text('name = "short"\ntone = "conversational"', encoding="utf-8")
    assert load_campaign(path) == resolve_campaign(CampaignConfig("short", "conversational"))


def test_sources_keep_their_order() -> None:
    config = parse_config(CampaignConfig, CAMPAIGN | {"sources": ["b.bz2", "sample"]}, "a")
    assert config.sources == ("b.bz2", "sample")


def changed(path: Path, folder: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = folder / path.name
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


CONVERSATIONAL = CONFIGS / "tones" / "conversational.toml"
MARLO = CONFIGS / "personas" / "marlo.toml"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "[measures]",
            '[prompts]\nanswer = "gone.v9"\n[measures]',
            "the prompt file “gone.v9” doesn't exist",
        ),
        (
            "[measures]",
            '[prompts]\nquestion = "question.v1"\n[measures]',
            "`question` is “question.v1” and `plain` is “”, but these don't work together",
        ),
        (
            "[measures]",
            '[prompts]\nplain = "plain_answer.v1"\n[measures]',
            "`question` is “” and `plain` is “plain_answer.v1”",
        ),
        ("{topic}? ", "{subject}? ", "{subject}"),
        ("{topic}? ", "{topic? ", "braces"),
        ("value = 3", "value = true", "`scale.anchors[3].value` is true"),
        ("value = 5", "value = 11", "`scale.anchors[5].value` is 11, but must be 10 or less."),
        ("value = 1", "value = -1", "`scale.anchors[1].value` is -1, but must be 0 or more."),
        (
            'label = "could be said aloud"',
            'label = "Sounds like someone talking "',
            "`scale`: two anchors have the label “sounds like someone talking”; rename one.",
        ),
        ('question = "How conversational is this answer?"', "", "`scale.question` is missing"),
        ("[scale]", "[scale", "isn't valid TOML"),
    ],
)
def test_a_broken_tone_is_rejected(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_tone(changed(CONVERSATIONAL, tmp_path, old, new))
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("count", "problem"),
    [(1, "must be a list of 2 or more"), (2, ""), (10, ""), (11, "must be a list of 10 or fewer")],
)
def test_a_scale_has_2_to_10_anchors(count: int, problem: str) -> None:
    anchors = [{"value": n, "label": f"step {n}", "example": "…"} for n in range(count)]
    found = problems(Scale, {"question": "How?", "anchors": anchors}) if problem else ""
    assert problem in found
    if not problem:
        scale = parse_config(Scale, {"question": "How?", "anchors": anchors}, "a.toml")
        assert scale.middle == (count - 1) / 2


def test_the_middle_of_a_scale_is_its_middle_step() -> None:
    anchors = tuple(Anchor(value, str(value), "…") for value in (0, 1, 10))
    assert Scale("How?", anchors).middle == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "dry"', 'name = "patient"', "wo traits have the same name"),
        ('never = ["repeats itself", "flatters"]', "never = []", "never` is []"),
        ('never = ["repeats itself", "flatters"]', 'never = [" "]', "never[1]` is"),
        ('name = "Marlo"', 'name = " "', '`name` is " "'),
        (
            "{No hurry|There's no hurry}",
            "{Now|There's no hurry}",
            "without any marker of the trait",
        ),
        ("{Kettle's on|", "{{moon}|", "{moon}"),
        ('[[facts]]\nfirst = "I ran', '[[facts]]\nsaid = "I ran', "`facts[1].said` isn't a valid"),
    ],
)
def test_a_broken_persona_is_rejected(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_persona(changed(MARLO, tmp_path, old, new))
    assert problem in str(error.value)


def test_a_fingerprint_changes_with_any_phrase(tmp_path: Path) -> None:
    copy = changed(MARLO, tmp_path, "Tide'll turn.", "Tide will turn.")
    assert load_persona(copy).fingerprint != load_persona(MARLO).fingerprint
    assert load_persona(MARLO).fingerprint == load_persona(MARLO).fingerprint


def test_fingerprints_of_shipped_voices_are_stable() -> None:
    # Candidates, journals and measures name voices by these.
    assert load_tone("conversational").fingerprint.startswith("3190b7bca07c")
    assert load_tone("plain-language").fingerprint.startswith("bf3af098395d")
    assert load_persona("marlo").fingerprint.startswith("cf50fa93d0eb")
    assert load_persona("c-3po").fingerprint.startswith("462c2a5a017a")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("steps", "many", "a whole number"), ("dora", 1, "true or false"),
        ("steps", True, "a whole number"), ("base", 3, "text in quotes"),
        ("steps", -1, "0 or more"), ("batch_size", 0, "1 or more"), ("lora_rank", 0, "1 or more"),
        ("gradient_accumulation", 0, "1 or more"), ("save_every", 0, "1 or more"),
        ("lora_dropout", 1.0, "less than 1"), ("learning_rate", float("nan"), "closer to 0"),
        ("learning_rate", float("inf"), "closer to 0"), ("seed", 2**32, "less than 4294967296"),
        ("steps", 2**53, "closer to 0"), ("schedule", "zigzag", "one of cosine, linear"),
        ("precision", "int3", "one of auto, float32"),
        ("lora_targets", [], "all-linear"), ("lora_targets", [3], "all-linear"),
        ("lora_targets", 3, "all-linear"), ("lora_targets", "", "all-linear"),
    ],
)  # fmt: skip
def test_a_training_value_that_cannot_work_is_rejected(
    name: str, value: object, allowed: str
) -> None:
    problem = problems(TrainingConfig, {"base": "mini", name: value})
    assert problem.startswith(f"a.toml: `{name}`")
    assert allowed in problem


def test_a_training_file_needs_a_base() -> None:
    assert "`base` is missing. It should contain the base model" in problems(
        TrainingConfig, {"steps": 3}
    )


def test_training_values_are_read_as_written() -> None:
    for path in sorted((CONFIGS / "training").glob("*.toml")):
        config = read_config(TrainingConfig, path)
        for name, value in tomllib.loads(path.read_text()).items():
            assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value)
    whole = parse_config(TrainingConfig, {"base": "mini", "learning_rate": 1}, "a")
    assert isinstance(whole.learning_rate, float)


def test_the_mini_training_file_explains_every_key() -> None:
    text = (CONFIGS / "training" / "mini.toml").read_text()
    assert set(tomllib.loads(text)) == {key.name for key in fields(TrainingConfig)}
    for above, line in pairwise(text.splitlines()):
        if "=" in line and line[0] != "#":
            assert "  #" in line or above.startswith("#"), line


STUDY = {"campaign": "demo"}


@pytest.mark.parametrize(
    ("kind", "data", "problem"),
    [
        (ToneStudy, STUDY | {"sizes": []}, "`sizes` is [], but must be a list of 1 or more"),
        (ToneStudy, STUDY | {"seeds": []}, "`seeds` is []"),
        (ToneStudy, STUDY | {"sizes": [0]}, "`sizes[1]` is 0, but must be 1 or more"),
        (ToneStudy, STUDY | {"sizes": [4, 4]}, "`sizes`: the values 4, 4 contain a duplicate"),
        (ToneStudy, STUDY | {"seeds": [-1]}, "`seeds[1]` is -1"),
        (ToneStudy, STUDY | {"seeds": [2**32]}, "must be less than 4294967296"),
        (ToneStudy, STUDY | {"steps": -1}, "`steps` is -1"),
        (ToneStudy, STUDY | {"margin": -0.1}, "`margin` is -0.1"),
        (ToneStudy, STUDY | {"examples": "all"}, "one of approved or candidates"),
        (ToneStudy, STUDY | {"precisions": ["int3"]}, "`precisions[1]` is"),
        (ToneStudy, STUDY | {"ladder": {"shots": 0}}, "`ladder.shots` is 0"),
        (ToneStudy, STUDY | {"providers": [{"model": "m"}, {"model": "m"}]}, "contain a duplicate"),
        (ToneStudy, STUDY | {"providers": [{"model": "m", "every": -1}]}, "providers[1].every` is"),
        (LadderConfig, {"prompts": -1}, "`prompts` is -1"),
        (LadderConfig, {"batch_size": 0}, "`batch_size` is 0"),
        (PersonaStudy, {"campaigns": []}, "`campaigns` is []"),
        (PersonaStudy, {"campaigns": [""]}, "`campaigns[1]` is"),
        (PersonaStudy, {"campaigns": ["a"], "formats": ["haiku"]}, "one of dialogues, statements"),
        (
            PersonaStudy,
            {"campaigns": ["a", "b"], "questions": ["x"]},
            "The number of `questions` files (1) differs",
        ),
        (
            Questions,
            {"choices": [{"about": "a", "question": "b?", "right": "c", "wrong": []}]},
            "`choices[1].wrong` is []",
        ),
        (
            Questions,
            {"choices": [{"about": "a", "question": "b?", "right": "c", "wrong": ["c"]}]},
            "the right answer to “b?” is also listed as a wrong answer",
        ),
        (Questions, {"open": [{"about": "a", "asks": [], "holds": ["b"]}]}, "`open[1].asks` is []"),
        (
            Questions,
            {"open": [{"about": "a", "asks": ["b?"], "holds": [" "]}]},
            "`open[1].holds[1]` is",
        ),
        (
            Questions,
            {"open": [{"about": "a", "asks": ["Is it red?"], "holds": ["red"]}]},
            "“Is it red?” contains its answer",
        ),
    ],
)
def test_a_study_value_that_cannot_work_is_rejected(
    kind: type[Any], data: dict[str, Any], problem: str
) -> None:
    assert problem in problems(kind, data)


def test_optional_lists_may_be_empty() -> None:
    assert parse_config(ToneStudy, STUDY, "a").providers == ()
    assert parse_config(Questions, {}, "a") == Questions()
    study = {"campaigns": ["a", "b"], "questions": ["", ""]}
    assert parse_config(PersonaStudy, study, "a").general == "general"
