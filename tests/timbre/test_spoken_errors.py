"""What goes wrong at the command line is one sentence and exit status 1; nothing is half-done."""

import bz2
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from timbre.__main__ import main
from timbre.stores import open_store

PAGE = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en">
<page><title>Salt</title><ns>0</ns><id>1</id><revision><id>2</id><text>
Salt is a mineral.</text></revision></page>"""

Timbre = Callable[..., str]


@pytest.fixture
def timbre(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Timbre:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    for name in ("TIMBRE_DATABASE_URL", "TIMBRE_ARGILLA_URL", "TIMBRE_ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def refused(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        said = capsys.readouterr().err
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 1
        return said

    return refused


def test_an_unknown_source(timbre: Timbre) -> None:
    assert "expected" in timbre("articles", "add", "no-such-thing")


def test_an_empty_name_is_no_source(timbre: Timbre) -> None:
    assert "found no source “”" in timbre("articles", "add", "").lower()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tone",), "Found no approved example of “demo-tone”"),
        (("persona",), "`timbre generate marlo`"),
        (("tone", 'campaign = "marlo"'), "study it with `timbre study persona`"),
        (("persona", 'campaigns = ["demo-tone"]'), "study it with `timbre study tone`"),
        (("tone", 'campaign = "demo-tone"\nsizes = []'), "empty list for “sizes” in study.toml"),
    ],
)
def test_a_study_of_nothing_or_of_the_wrong_kind(
    timbre: Timbre, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    noun, *text = arguments
    path = tmp_path / "study.toml"
    path.write_text("".join(text), encoding="utf-8")
    assert said in timbre("study", noun, *(["--config", str(path)] if text else []))


def test_a_truncated_bz2(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "short.xml.bz2"
    path.write_bytes(bz2.compress(PAGE.encode() * 50)[:-40])
    assert "short.xml.bz2" in timbre("articles", "add", str(path))


def test_malformed_xml(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(PAGE.replace("</revision>", ""), encoding="utf-8")
    assert "broken.xml" in timbre("articles", "add", str(path))


def test_a_parquet_file_that_is_none(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "articles.parquet"
    path.write_bytes(b"PAR1 but not really")
    assert "articles.parquet" in timbre("articles", "add", str(path))


def test_names_that_are_too_long(timbre: Timbre) -> None:
    assert "longer than the system takes" in timbre("articles", "add", "a" * 500)
    assert "longer than the system takes" in timbre("version", "freeze", "a" * 500)


def test_a_home_that_is_a_file(
    timbre: Timbre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for home in ("file", "file/below"):
        monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / home))
        assert "a file where a folder belongs" in timbre("articles", "list")


def test_an_unknown_campaign(timbre: Timbre) -> None:
    assert "demo-tone" in timbre("generate", "no-such-campaign")


def test_an_argilla_that_cannot_be_reached(timbre: Timbre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_URL", "http://127.0.0.1:9")
    assert "timbre review serve" in timbre("review", "user", "list")


def test_no_argilla_at_all(timbre: Timbre) -> None:
    assert "timbre review serve" in timbre("review", "push", "demo-tone")


@pytest.fixture
def old_argilla() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"version": "1.29.0"}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_argilla_of_another_version(
    timbre: Timbre, monkeypatch: pytest.MonkeyPatch, old_argilla: str
) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_URL", old_argilla)
    assert "1.29.0" in timbre("review", "user", "list")


def test_a_version_run_or_record_that_is_not_there(timbre: Timbre) -> None:
    assert "timbre version freeze" in timbre("version", "show", "nothing")
    assert "abcdef123456" in timbre("trace", "abcdef123456")
    assert "abcdef123456" in timbre("run", "show", "abcdef123456")


def test_a_database_that_is_none(timbre: Timbre, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "timbre.db").write_text("not a database, but long enough to be looked at", "utf-8")
    assert "timbre.db" in timbre("articles", "list")


def test_freezing_without_reviews_says_what_to_do(timbre: Timbre) -> None:
    assert "review" in timbre("version", "freeze", "demo-tone")


def test_the_name_of_a_rule_is_refused_for_a_person(timbre: Timbre) -> None:
    assert "rule-" in timbre("review", "user", "add", "rule-ada")


def test_what_was_read_before_the_fault_is_whole(timbre: Timbre, tmp_path: Path) -> None:
    path = tmp_path / "short.xml.bz2"
    path.write_bytes(bz2.compress(PAGE.encode() * 50)[:-40])
    timbre("articles", "add", str(path))
    with open_store() as store:
        from db.records import Article, Passage

        assert store.count(Passage) == 0 or store.count(Article) > 0
