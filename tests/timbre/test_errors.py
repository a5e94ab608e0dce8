"""Expected errors are printed as a sentence with status 1; others keep their traceback."""

import errno

import pytest

from db.errors import StoreError
from studies.errors import StudyError
from timbre.errors import report_errors


@pytest.mark.parametrize("kind", [StoreError, StudyError])
def test_an_expected_error_is_printed_and_exits_with_1(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, report_errors():
        raise kind("bank.toml isn't UTF-8 text. Save it as UTF-8.")
    assert end.value.code == 1
    assert capsys.readouterr().err == "bank.toml isn't UTF-8 text. Save it as UTF-8.\n"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "Permission denied"),
    ],
)
def test_a_system_error_is_a_sentence_that_names_the_file(
    capsys: pytest.CaptureFixture[str], number: int, message: str
) -> None:
    with pytest.raises(SystemExit), report_errors():
        raise OSError(number, "in the system's words", "somewhere")
    error = capsys.readouterr().err
    assert error.startswith("somewhere: ")
    assert message in error


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), report_errors():
        raise ZeroDivisionError
