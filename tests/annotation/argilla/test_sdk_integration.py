"""Argilla's own integration tests of its SDK, from its source distribution, against our server."""

import hashlib
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import platformdirs
import pytest

from annotation.argilla import embedded_server
from tests.conftest import require

ARCHIVE = "argilla-2.8.0.tar.gz"
SHA256 = "4364d58d8bfd51880efefc6ab08eb17983ffbede3807420536f4bbd6662afa37"
SKIPS = {
    # They need the Hugging Face Hub, and a token that only Argilla's own CI has.
    "No HF token provided": 4,
    "You are missing a token to write to `argilla-internal-testing` org on the Hugging Face Hub": (
        14
    ),
    # Argilla skips it everywhere.
    "This test is failing because the backend expects the fields to be present in the data.": 1,
}
OLD_IMPORT, NEW_IMPORT = "huggingface_hub.utils._errors", "huggingface_hub.errors"


@pytest.fixture(scope="module")
def sdk_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests, unchanged but for one import. Their archive is downloaded once per user."""
    folder = tmp_path_factory.mktemp("sdk")
    archive = platformdirs.user_cache_path("timbre") / "argilla-sdk" / ARCHIVE
    if not archive.exists():
        requirement = ARCHIVE.removesuffix(".tar.gz").replace("-", "==")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", requirement]
        command += ["--no-binary", "argilla", "--dest", str(folder)]
        download = subprocess.run(command, capture_output=True, text=True, check=False)
        require(not download.returncode, f"needs a package index: {download.stderr[-500:]}")
        archive.parent.mkdir(parents=True, exist_ok=True)
        (folder / ARCHIVE).replace(archive)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    tests = folder / ARCHIVE.removesuffix(".tar.gz") / "tests" / "integration"
    for path in tests.glob("*.py"):
        path.write_text(path.read_text().replace(OLD_IMPORT, NEW_IMPORT))
    return tests


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_argillas_integration_tests_pass(
    sdk_tests: Path,
    argilla_python: Path,
    tmp_path: Path,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    url = ""
    if database == "postgresql":
        url = str(request.getfixturevalue("postgres_url")).replace("+psycopg", "")
    report = tmp_path / "report.xml"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HF_"))}
    with embedded_server.start(
        tmp_path / "home", python=argilla_python, port=0, database_url=url
    ) as server:
        environment["ARGILLA_API_URL"] = server.url
        environment["ARGILLA_API_KEY"] = server.credentials.api_key
        command = [sys.executable, "-m", "pytest", ".", "--rootdir=.", f"--junitxml={report}"]
        run = subprocess.run(
            command, cwd=sdk_tests, env=environment, capture_output=True, text=True, check=False
        )
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 (our own report)
    skips = [skip.get("message") for case in cases for skip in case.iter("skipped")]
    assert run.returncode == 0, run.stdout
    assert Counter(skips) == SKIPS
    assert len(cases) - len(skips) == 114
