"""`timbre check` finds what would fail later, and stores nothing but paid replies."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.records import Article, Candidate
from db.store import Store
from tests.pipelines.articles.exports import PROSE
from tests.pipelines.servers import Handler, Server, answers
from tests.serving import serving
from tests.timbre.conftest import Timbre

TONE = """
name = "calm"
description = "unhurried and friendly"
system = "You answer calmly."
[scale]
question = "How calm is it?"
anchors = [
    { value = 1, label = "rushed", example = "Quick!" },
    { value = 2, label = "calm", example = "In your own time." },
]
[[guidelines]]
do = "Take your time."
plain = "Go."
rewritten = "Whenever you're ready, go."
[target]
bounds = [{ measure = "words_per_sentence", at_most = 30 }]
[phrasebook]
moves = ["split", "contract"]
openers = ["Sure,"]
opener_share = 1.0
links = ["And, by the way,"]
link_share = 1.0
"""
CAMPAIGN = """
name = "calm"
tone = "tone.toml"
sources = ["material"]
licence = "our own"
[gates]
approved = 2
[freeze]
train = 0.5
validation = 0.0
test = 0.5
salt = "calm-1"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign's folder with two documents, in the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "calm"
    (folder / "material").mkdir(parents=True)
    (folder / "tone.toml").write_text(TONE, encoding="utf-8")
    (folder / "campaign.toml").write_text(CAMPAIGN, encoding="utf-8")
    for name in ("amity", "beacon"):
        text = f"# Port {name.capitalize()}\n\n{PROSE.replace('Amity', name.capitalize())}\n"
        (folder / "material" / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def findings(timbre: Timbre, status: int = 0) -> dict[str, tuple[bool, str]]:
    rows = json.loads(timbre("check", "calm", "--json", status=status).out)
    return {row["name"]: (row["is_fine"], row["detail"]) for row in rows}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_campaign_in_its_folder_is_ready_and_nothing_is_stored(
    timbre: Timbre, folder: Path, store: Store
) -> None:
    result = timbre("check", "calm", status=0)
    assert "ok  scale: How calm is it? (1: rushed; 2: calm)" in result.out
    assert "ok  material: 2 articles with 2 passages" in result.out
    assert "ok  sample 1: " in result.out
    assert "\n  Calm: yes" in result.out
    assert result.out.endswith("calm is ready.\n")
    assert result.err == "Next: timbre generate calm\n"
    assert store.count(Article) == store.count(Candidate) == 0


def test_every_config_problem_is_reported_with_its_file_and_key(
    timbre: Timbre, folder: Path
) -> None:
    edit(folder / "tone.toml", 'system = "You answer calmly."\n', "")
    edit(folder / "campaign.toml", 'tone = "tone.toml"', 'tone = "tone.toml"\ntraining = "minj"')
    out = timbre("check", "calm", status=1).out
    assert "tone.toml: `system` is missing." in " ".join(out.split())
    assert "Did you mean “mini”?" in out
    assert out.endswith("2 problems.\n")


def test_problems_of_several_files_are_reported_at_once(timbre: Timbre, folder: Path) -> None:
    edit(folder / "campaign.toml", "approved = 2", 'aproved = 2\nagreement = "high"')
    edit(folder / "tone.toml", 'name = "calm"', 'name = "calm"\nlanguage = "pl"')
    with (folder / "tone.toml").open("a", encoding="utf-8") as file:
        file.write('[criteria]\nrefusals = "forbidden"\nperson = { required = ["we"] }\n')
    rows = json.loads(timbre("check", "calm", "--json", status=1).out)
    starts = [
        "calm/campaign.toml: `gates.agreement` is",
        "calm/campaign.toml: `gates.aproved` isn't a valid key. Did you mean `approved`?",
        "calm/tone.toml: `criteria.refusals`: refusals in Polish aren't known",
        "calm/tone.toml: `criteria.person`: pronouns of Polish aren't known",
    ]
    assert all(row["name"] == "config" and not row["is_fine"] for row in rows)
    details = [row["detail"] for row in rows]
    assert all(d.startswith(s) for d, s in zip(details, starts, strict=True)), details


@pytest.mark.parametrize("name", ["tone", "training"])
def test_a_file_that_is_missing_is_named_with_the_campaign(
    timbre: Timbre, folder: Path, name: str
) -> None:
    (folder / "tone.toml").unlink()
    edit(folder / "campaign.toml", "sources", 'training = "gone.toml"\nsources')
    (tone, training) = json.loads(timbre("check", "calm", "--json", status=1).out)
    found = {"tone": tone, "training": training}[name]["detail"]
    file = {"tone": "tone.toml", "training": "gone.toml"}[name]
    assert found.startswith(f"calm/campaign.toml: “{file}” is neither a file nor a configuration")


@pytest.mark.parametrize(
    ("file", "old", "new", "name", "problem"),
    [
        ("tone.toml", 'moves = ["split", "contract"]', "", "teacher", ""),
        ("campaign.toml", "approved = 2", "approved = 20", "enough texts", "at most 2 candidates"),
        ("campaign.toml", "calm-1", "calm-6", "splits", 'set salt = "calm-6-'),
        ("campaign.toml", '["material"]', '["nothing"]', "material", "isn't an article source"),
        ("campaign.toml", '["material"]', '["../hafen.jsonl"]', "material", "in another language"),
    ],
)
def test_what_would_fail_later_is_named_with_a_remedy(  # a table of cases
    timbre: Timbre, folder: Path, file: str, old: str, new: str, name: str, problem: str
) -> None:
    edit(folder / file, old, new)
    row = {"id": "1", "url": "https://de.wikipedia.org/wiki/X", "title": "X", "text": PROSE}
    (folder.parent / "hafen.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    if name == "teacher":
        text = (folder / file).read_text(encoding="utf-8").split("[phrasebook]")[0]
        (folder / file).write_text(text, encoding="utf-8")
        problem = "has no [phrasebook]"
    is_fine, detail = findings(timbre, status=1)[name]
    assert not is_fine
    assert problem in detail


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server(answers)) as endpoint:
        yield endpoint


def use_model(folder: Path, server: Server, model: str = "m") -> None:
    edit(
        folder / "campaign.toml",
        "[gates]",
        f'[generate]\nteacher = "openai:{model}@{server.url}"\n[gates]',
    )


def test_a_teacher_that_does_not_know_the_model_is_named(
    timbre: Timbre, folder: Path, server: Server
) -> None:
    server.models = ("one", "two")
    use_model(folder, server, "three")
    is_fine, detail = findings(timbre, status=1)["teacher"]
    assert not is_fine
    assert detail == f"{server.url} has no model “three”. It has one, two."
    assert server.requests == []


def test_a_teacher_that_is_not_running_is_named(
    timbre: Timbre, folder: Path, server: Server
) -> None:
    use_model(folder, server)
    server.server_close()
    server.shutdown()
    assert "can't be reached (ConnectError)" in findings(timbre, status=1)["teacher"][1]


def test_samples_are_paid_for_once(timbre: Timbre, folder: Path, server: Server) -> None:
    use_model(folder, server)
    server.models = ("m",)
    assert findings(timbre)["teacher"] == (True, f"openai:m@{server.url}")
    count = len(server.requests)
    assert count == 4  # two passages: a question, then the answer in the tone
    assert json.loads(timbre("generate", "calm", "--json").out)["cached"] == 4
    assert len(server.requests) == count


def test_texts_that_are_all_rejected_are_shown_with_the_reason(
    timbre: Timbre, folder: Path, server: Server
) -> None:
    def decline(handler: Handler, body: dict[str, object]) -> None:
        handler.complete("No.")

    server.behaviour = decline
    use_model(folder, server)
    is_fine, detail = findings(timbre, status=1)["samples"]
    assert not is_fine
    assert "reply without what was asked: question.v2: question “No.”" in detail
