"""Campaign files read like forms, and what is wrong with one is said in a sentence."""

from pathlib import Path

import pytest

from annotation.review import Ruling
from timbre.campaign import _RULINGS, Campaign, load_campaign
from timbre.errors import EXPECTED
from timbre.settings import CONFIGS


def written(folder: Path, text: str) -> Path:
    path = folder / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "path", sorted((CONFIGS / "campaigns").glob("*.toml")), ids=lambda p: p.stem
)
def test_every_shipped_campaign_loads(path: Path) -> None:
    assert load_campaign(path).name == path.stem


def test_what_a_file_leaves_out_has_its_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "short"\ntone = "conversational"')
    assert load_campaign(path) == Campaign(name="short", tone="conversational")


def test_sources_are_kept_in_their_order(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "a"\ntone = "t"\nsources = ["b.bz2", "sample"]')
    assert load_campaign(path).sources == ("b.bz2", "sample")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = ", "no TOML"),
        ('name = "a"\ntone = "t"\ncolour = "red"', "unknown key “colour”"),
        ('name = "a"\ntone = "t"\n[gates]\nstrict = 1', "unknown key “strict” in “gates”"),
        ('name = "a"\ntone = "t"\n[gates]\napproved = "many"', "'many' for “approved”"),
        ('name = "a"\ntone = "t"\n[gates]\napproved = true', "True for “approved”"),
        ('name = "a"\ntone = "t"\n[gates]\napproved = -1', "the number -1"),
        ('name = "a"\ntone = "t"\ngates = 3', "expected a table"),
        ('name = "a"', "expected one of the two"),
        ('name = "a"\ntone = "t"\npersona = "p"', "expected one of the two"),
        ('name = "../a"\ntone = "t"', "the name '../a'"),
        ('tone = "t"', "no “name”"),
        ('name = "a"\ntone = "t"\n[review]\nverdict = "coin"', "the verdict “coin”"),
        ('name = "a"\ntone = "t"\n[review]\nadjudicator = "ada"', "exactly where"),
        ('name = "a"\ntone = "t"\n[review]\noverlap = 0', "an overlap of 0"),
        ('name = "a"\ntone = "t"\n[freeze]\ntrain = 0.9', "add up to 1"),
        ('name = "a"\ntone = "t"\n[gates]\nagreement = nan', "no usable number for “agreement”"),
        ('name = "a"\ntone = "t"\n[gates]\nnear_duplicate = 80', "from 0 to 1"),
        ('name = "a"\ntone = "t"\n[gates]\nshortest = 9\nlongest = 3', "no shorter"),
        ('name = "a"\ntone = "t"\n[generate]\ntemperature = inf', "usable number for “temp"),
        ('name = "a"\ntone = "t"\n[generate]\nseed = 9007199254740993', "usable number for “seed”"),
        ('name = "a"\ntone = "t"\n[freeze]\nminimum_articles = -1', "the number -1"),
        ('name = "a"\ntone = "t\\u0000"', "half a character in “tone”"),
        pytest.param('name = "a"\ntone = ' + "[" * 9000, "no TOML", id="nested without end"),
        ('name = "a"\ntone = "t"\n[evaluate]\nmax_new_tokens = 0', "max_new_tokens of 0"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(EXPECTED, match=complaint):
        load_campaign(written(tmp_path, text))


def test_the_verdicts_are_those_that_reviews_can_come_to() -> None:
    assert set(_RULINGS) == {ruling.value for ruling in Ruling}
