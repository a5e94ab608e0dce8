"""Expected errors are one sentence and exit status 1; others keep their traceback."""

import errno

import pytest

from db.errors import StoreError
from studies.errors import StudyError
from timbre.errors import spoken


@pytest.mark.parametrize("kind", [StoreError, StudyError])
def test_an_expected_error_is_a_sentence(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, spoken():
        raise kind("found nothing, expected something; add it")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "Found nothing, expected something; add it.\n"


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "full disk"), (errno.EROFS, "read-only"), (errno.EACCES, "no permission")],
)
def test_a_failing_system_call_is_a_sentence(
    capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    with pytest.raises(SystemExit), spoken():
        raise OSError(number, "as the system says it", "somewhere")
    assert said in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), spoken():
        raise ZeroDivisionError
