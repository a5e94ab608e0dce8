"""`timbre init` writes a campaign that loads and can be checked, from at most six answers."""

import io
import json
import shutil
import tomllib
from pathlib import Path

import pytest

from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone
from tests.timbre.conftest import Timbre
from timbre.campaign import Campaign, load_campaign
from timbre.workflows.setup.new_campaign import parse_pairs
from timbre.workflows.setup.profile import measure_voice

PAIRS = (
    "Tickets may be purchased at the pier. => You can buy your ticket right at the pier.",
    "Dogs are permitted on board. => Bring your dog along!",
)
OWN = Path(__file__).parents[3] / "own_voice" / "harbour"
CHAT = {"messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yes."}]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    for name in ("crossing", "history"):
        shutil.copy(OWN / f"{name}.md", "docs")
    return tmp_path


def init(timbre: Timbre, *options: str, pairs: tuple[str, ...] = PAIRS) -> Campaign:
    arguments = [option for pair in pairs for option in ("--pair", pair)]
    result = timbre("init", "harbour", "--description", "brief and warm", *arguments, *options)
    assert result.err == "Next: timbre check harbour\n"
    return load_campaign("harbour")


def test_a_tone_is_written_from_options_alone(timbre: Timbre) -> None:
    campaign = init(timbre, "--material", "docs", "--reviewers", "ada, bo")
    tone = campaign.voice
    assert isinstance(tone, Tone)
    assert tone.description == "brief and warm"
    assert [anchor.value for anchor in tone.scale.anchors] == [1, 2, 3]
    assert tone.scale.anchors[-1].example == "You can buy your ticket right at the pier."
    assert [(e.plain, e.rewritten) for e in tone.examples] == list(parse_pairs(PAIRS))
    assert campaign.criteria.markdown == campaign.criteria.refusals == "forbidden"
    assert campaign.criteria.sentences
    assert campaign.criteria.sentences.average == 14  # 1.5 times nine words
    assert campaign.review.annotators == ("ada", "bo")
    assert (campaign.review.overlap, campaign.gates.agreement) == (2, 0.2)
    assert sorted(path.name for path in Path("harbour/material").iterdir()) == [
        "crossing.md",
        "history.md",
    ]


def test_it_can_be_checked_and_generated_without_an_edit(timbre: Timbre) -> None:
    init(timbre, "--material", "docs")
    checked = timbre("check", "harbour")
    assert "harbour is ready.\n" in checked.out
    assert "ok  splits: 1 train, 1 test articles\n" in checked.out
    assert "Next: timbre generate harbour" in checked.err
    made = json.loads(timbre("generate", "harbour", "--json").out)["made"]
    assert made["conversation"] >= 2


def test_without_material_the_folder_waits_for_it(timbre: Timbre) -> None:
    campaign = init(timbre)
    assert campaign.sources == ("harbour/material",)
    out = timbre("check", "harbour", status=1).out
    assert "BAD material" in out
    for path in Path("docs").iterdir():
        shutil.copy(path, "harbour/material")
    assert "ok  material: 2 articles" in timbre("check", "harbour", status=1).out


def test_chats_become_material_to_rewrite(timbre: Timbre) -> None:
    Path("docs/chats.jsonl").write_text(json.dumps(CHAT), encoding="utf-8")
    campaign = init(timbre, "--material", "docs", "--licence", "ours, with consent")
    assert campaign.chats == ("harbour/material/chats.jsonl",)
    assert campaign.sources == ("harbour/material",)
    assert campaign.licence == "ours, with consent"


def test_a_file_of_chats_is_all_the_material(timbre: Timbre) -> None:
    Path("chats.jsonl").write_text(json.dumps(CHAT), encoding="utf-8")
    campaign = init(timbre, "--material", "chats.jsonl")
    assert (campaign.sources, campaign.chats) == ((), ("harbour/material/chats.jsonl",))


def test_files_that_cannot_be_used_are_named(timbre: Timbre) -> None:
    Path("docs/sheet.xlsx").write_bytes(b"PK")
    Path("docs/sums.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    arguments = ("--description", "d", "--pair", PAIRS[0], "--material", "docs")
    out = timbre("init", "harbour", *arguments).out
    lines = [line for line in out.splitlines() if line.startswith("Not used: ")]
    assert lines[0] == "Not used: docs/sheet.xlsx: neither a document nor a file of chats"
    assert lines[1].startswith("Not used: docs/sums.csv: sums.csv")
    assert len(lines) == 2
    assert sorted(path.name for path in Path("harbour/material").iterdir()) == [
        "crossing.md",
        "history.md",
    ]


def test_a_persona_says_that_it_uses_no_chats(timbre: Timbre) -> None:
    Path("docs/chats.jsonl").write_text(json.dumps(CHAT), encoding="utf-8")
    arguments = ("--kind", "persona", "--description", "A miller.", "--material", "docs")
    out = timbre("init", "harbour", *arguments).out
    assert "Not used: docs/chats.jsonl: chats can't be rewritten as a persona\n" in out


def test_files_added_to_the_material_later_are_used_or_named(timbre: Timbre) -> None:
    Path("chats.jsonl").write_text(json.dumps(CHAT), encoding="utf-8")
    init(timbre, "--material", "chats.jsonl")
    shutil.copy("docs/crossing.md", "harbour/material")
    out = timbre("check", "harbour", status=1).out
    assert "rejected 1 × not used: harbour/material/crossing.md: name material in `sources`" in out


def test_other_sources_stay_where_they_are(timbre: Timbre) -> None:
    assert init(timbre, "--material", "sample").sources == ("sample",)
    assert not list(Path("harbour/material").iterdir())


def test_texts_in_the_tone_are_samples(timbre: Timbre) -> None:
    Path("texts").mkdir()
    long = "You pay at the pier. " * 60
    Path("texts/a.txt").write_text(long, encoding="utf-8")
    Path("texts/b.md").write_text("# B\n\nBring your dog along! It's free.", encoding="utf-8")
    campaign = init(timbre, "--texts", "texts", pairs=())
    tone = campaign.voice
    assert isinstance(tone, Tone)
    assert len(tone.samples) == 2
    assert len(tone.samples[0].split()) <= 120
    assert tone.samples[0].endswith(".")
    assert tone.samples[1].endswith("Bring your dog along! It's free.")


@pytest.mark.parametrize(
    ("language", "description", "pair", "persons"),
    [
        ("de", "freundlich und klar", "Fahrkarten sind am Pier erhältlich. => Deine Fahrkarte "
         "bekommst du am Pier.", {"informal you"}),
        ("fr", "simple et chaleureux", "Les billets sont en vente au quai. => Tu achètes ton "
         "billet sur le quai.", {"informal you"}),
        ("es", "claro y cercano", "Los billetes se venden en el muelle. => Puedes comprar tu "
         "billete en el muelle.", {"informal you"}),
        ("it", "chiaro e cordiale", "I biglietti sono in vendita al molo. => Il tuo biglietto lo "
         "compri al molo.", {"informal you"}),
        ("nl", "kort en vriendelijk", "Kaartjes zijn verkrijgbaar op de pier. => Je koopt jouw "
         "kaartje gewoon op de pier.", {"informal you"}),
    ],
)  # fmt: skip
def test_other_languages_are_recognised(
    timbre: Timbre, language: str, description: str, pair: str, persons: set[str]
) -> None:
    timbre("init", "ton", "--description", description, "--pair", pair, "--pair", pair)
    campaign = load_campaign("ton")
    assert campaign.voice.language == language
    starts = {"de": "Du bist", "fr": "Tu es", "es": "Eres", "it": "Sei", "nl": "Je bent"}
    assert campaign.voice.system.startswith(starts[language])
    assert campaign.voice.system.endswith(f": {description}")
    assert campaign.criteria.person
    assert set(campaign.criteria.person.required) == persons
    assert campaign.criteria.person.banned == ("formal you",)
    phrasebook = tomllib.loads(Path("ton/tone.toml").read_text(encoding="utf-8")).get("phrasebook")
    assert phrasebook is None
    assert "BAD teacher" in timbre("check", "ton", status=1).out


def test_a_language_can_be_named(timbre: Timbre) -> None:
    assert init(timbre, "--language", "sv").voice.language == "sv"


def test_a_persona_is_written(timbre: Timbre) -> None:
    timbre(
        *("init", "lamp-keeper", "--kind", "persona", "--material", "docs"),
        *("--description", "A lighthouse keeper who measures everything twice. Loves {tea}."),
        *("--pair", "Measure it again.", "--pair", "Fog is only weather."),
    )
    campaign = load_campaign("lamp-keeper")
    persona = campaign.voice
    assert isinstance(persona, Persona)
    assert persona.name == "Lamp Keeper"
    assert persona.turns == ("Measure it again.", "Fog is only weather.")
    assert len(persona.traits) == 2
    assert campaign.criteria.refusals == "forbidden"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("my campaign", "--description", "d"), "“my campaign” can't be a campaign's name."),
        (("docs", "--description", "d"), "docs exists already."),
        (("a", "--pair", "x => y"), "Describe the tone in a sentence or two, with --description."),
        (("a", "--description", "d"), "A tone needs examples."),
        (("a", "--description", "d", "--pair", "no arrow"), "“no arrow” isn't a pair."),
        (("a", "--description", "d", "--pair", "x =>"), "“x =>” isn't a pair."),
        (("a", "--description", "d", "--pair", "x => y", "--material", "nowhere"),
         "“nowhere” isn't an article source."),
        (("a", "--description", "d", "--pair", "x => y", "--material", "empty"),
         "empty has no documents (.md, .txt,"),
        (("a", "--description", "d", "--pair", "x => y", "--material", "sheet.xlsx"),
         "sheet.xlsx has an unsupported file type."),
        (("a", "--description", "d", "--texts", "empty"), "empty contains no texts."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence(
    timbre: Timbre, options: tuple[str, ...], problem: str
) -> None:
    Path("empty").mkdir()
    Path("sheet.xlsx").write_bytes(b"PK")
    error = timbre("init", *options, status=1).err
    assert error.startswith(problem)
    assert len(error.splitlines()) == 1
    assert not Path("a").exists()


class Terminal(io.StringIO):
    """Answers to questions, as a person types them."""

    def isatty(self) -> bool:
        return True


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in lines)))


def test_it_asks_six_questions_on_a_terminal(
    timbre: Timbre, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ("tone", "brief and warm", *PAIRS, "", "docs", "phrasebook", "ada, bo")
    answer(monkeypatch, *answers)
    result = timbre("init", "harbour")
    assert result.err.count(": ") - result.err.count("Next: ") - result.err.count("…: ") <= 7
    campaign = load_campaign("harbour")
    assert campaign.voice.description == "brief and warm"
    assert campaign.review.annotators == ("ada", "bo")
    assert sorted(path.name for path in Path("harbour/material").iterdir()) == [
        "crossing.md",
        "history.md",
    ]


def test_it_asks_only_for_what_the_options_do_not_say(
    timbre: Timbre, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "docs", "")
    options = (
        "--kind",
        "tone",
        "--description",
        "d",
        "--pair",
        PAIRS[0],
        "--teacher",
        "phrasebook",
    )
    timbre("init", "harbour", *options)
    assert load_campaign("harbour").review.overlap == 1


def test_a_folder_of_texts_can_be_the_answer(
    timbre: Timbre, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "", "brief", "docs", "", "", "")
    timbre("init", "harbour")
    tone = load_campaign("harbour").voice
    assert isinstance(tone, Tone)
    assert len(tone.samples) == 2


def test_criteria_follow_from_the_texts() -> None:
    texts = ["You pay **here** 🙂. We help.", "We show you where."]
    profile = measure_voice(texts, ["Payment is made here."], "en")
    assert (profile.markdown, profile.no_emoji) == ("allowed", False)
    assert profile.persons == ("we", "you")
    assert measure_voice(texts[:1], [], "en").persons == ()
    assert measure_voice([], [], "xx").has_refusals is False


@pytest.mark.parametrize(("documents", "minimum"), [(3, 1), (9, 2), (20, 3)])
def test_a_split_needs_more_articles_if_there_are_many(
    timbre: Timbre, documents: int, minimum: int
) -> None:
    text = (OWN / "crossing.md").read_text(encoding="utf-8")
    for number in range(documents - 2):
        port = f"Port {number}"
        Path(f"docs/{number}.md").write_text(text.replace("Marwick", port), encoding="utf-8")
    campaign = init(timbre, "--material", "docs")
    assert campaign.freeze.minimum_articles == minimum
    assert "ok  splits" in timbre("check", "harbour", status=0).out
