"""A command that fails prints one sentence, exits with 1, and leaves nothing half done."""

import bz2
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from db.records import Article, Passage
from tests.serving import serving
from tests.timbre.conftest import Timbre
from timbre.stores import open_store

PAGE = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en">
<page><title>Salt</title><ns>0</ns><id>1</id><revision><id>2</id><text>
Salt is a mineral.</text></revision></page>"""

Fail = Callable[..., str]


@pytest.fixture
def fail(timbre: Timbre) -> Fail:
    """Run a command that must fail, and return its sentence."""

    def run(*arguments: str) -> str:
        error = timbre(*arguments, status=1).err
        assert "Traceback" not in error
        assert len(error.strip().splitlines()) == 1
        return error

    return run


@pytest.mark.parametrize("source", ["no-such-thing", ""])
def test_an_unknown_source_lists_the_kinds_of_source(fail: Fail, source: str) -> None:
    error = fail("articles", "add", source)
    assert f"“{source}” isn't an article source" in error
    assert "Use `sample`" in error


@pytest.mark.parametrize(
    ("noun", "config", "problem"),
    [
        ("tone", "", "“demo-tone” has no approved example"),
        ("persona", "", "`timbre generate marlo`"),
        ("tone", 'campaign = "marlo"', "Study it with `timbre study persona`"),
        ("persona", 'campaigns = ["demo-tone"]', "Study it with `timbre study tone`"),
        ("tone", 'campaign = "demo-tone"\nsizes = []', "study.toml: `sizes` is []"),
    ],
)
def test_a_study_without_examples_or_of_the_wrong_kind_says_what_to_do(
    fail: Fail, tmp_path: Path, noun: str, config: str, problem: str
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(config, encoding="utf-8")
    assert problem in fail("study", noun, *(["--config", str(path)] if config else []))


def test_libraries_print_nothing_beside_the_sentence(home: Path) -> None:
    # Libraries print when they're imported first, so this needs a process of its own.
    command = [sys.executable, "-m", "timbre", "study", "tone"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1, process.stderr


def test_a_truncated_bz2_file_is_named(fail: Fail, tmp_path: Path) -> None:
    path = tmp_path / "short.xml.bz2"
    path.write_bytes(bz2.compress(PAGE.encode() * 50)[:-40])
    assert "short.xml.bz2" in fail("articles", "add", str(path))


def test_malformed_xml_is_named(fail: Fail, tmp_path: Path) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(PAGE.replace("</revision>", ""), encoding="utf-8")
    assert "broken.xml" in fail("articles", "add", str(path))


def test_a_file_that_is_not_parquet_is_named(fail: Fail, tmp_path: Path) -> None:
    path = tmp_path / "articles.parquet"
    path.write_bytes(b"PAR1 but not really")
    assert "articles.parquet" in fail("articles", "add", str(path))


def test_a_name_that_is_too_long_is_one_sentence(fail: Fail) -> None:
    assert "too long for this system" in fail("articles", "add", "a" * 500)
    assert "too long for this system" in fail("version", "freeze", "a" * 500)


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_home_that_is_a_file_is_one_sentence(
    fail: Fail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / home))
    assert "Part of the path is a file, not a folder" in fail("articles", "list")


def test_an_unknown_campaign_lists_the_shipped_ones(fail: Fail) -> None:
    assert "demo-tone" in fail("generate", "no-such-campaign")


def test_an_unreachable_argilla_says_how_to_start_one(
    fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_URL", "http://127.0.0.1:9")
    assert "timbre review serve" in fail("review", "user", "list")


def test_without_argilla_a_push_says_how_to_start_one(fail: Fail) -> None:
    assert "timbre review serve" in fail("review", "push", "demo-tone")


@pytest.fixture
def old_argilla() -> Iterator[str]:
    """The URL of a server that says it's Argilla 1.29.0."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"version": "1.29.0"}).encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_another_version_of_argilla_is_named(
    fail: Fail, monkeypatch: pytest.MonkeyPatch, old_argilla: str
) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_URL", old_argilla)
    assert "1.29.0" in fail("review", "user", "list")


def test_a_missing_version_run_or_record_is_one_sentence(fail: Fail) -> None:
    assert "timbre version freeze" in fail("version", "show", "nothing")
    assert "abcdef123456" in fail("trace", "abcdef123456")
    assert "abcdef123456" in fail("run", "show", "abcdef123456")


def test_a_file_that_is_not_a_database_is_named(fail: Fail, home: Path) -> None:
    home.mkdir()
    (home / "timbre.db").write_text("not a database, but long enough to be looked at", "utf-8")
    assert "timbre.db" in fail("articles", "list")


def test_freezing_without_reviews_says_what_to_do(fail: Fail) -> None:
    assert "Review some" in fail("version", "freeze", "demo-tone")


def test_a_person_may_not_have_a_rule_s_name(fail: Fail) -> None:
    assert "“rule-ada” starts with “rule-”" in fail("review", "user", "add", "rule-ada")


def test_articles_before_an_error_are_stored_with_their_passages(
    fail: Fail, tmp_path: Path
) -> None:
    path = tmp_path / "short.xml.bz2"
    path.write_bytes(bz2.compress(PAGE.encode() * 50)[:-40])
    fail("articles", "add", str(path))
    with open_store() as store:
        assert store.count(Passage) == 0 or store.count(Article) > 0
