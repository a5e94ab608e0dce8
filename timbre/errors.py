"""Which exceptions are expected, and the one sentence a user reads for each."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from annotation.errors import AnnotationError
from db.errors import StoreError
from evaluation.errors import EvaluationError
from pipelines.errors import SourceError, TeacherError
from pipelines.form import FormError
from studies.errors import StudyError
from timbre.console import complain
from timbre.settings import SettingsError
from trainer.errors import TrainerError

EXPECTED = (
    AnnotationError,
    EvaluationError,
    FormError,
    SettingsError,
    SourceError,
    StoreError,
    StudyError,
    TeacherError,
    TrainerError,
)
_SYSTEM = {
    errno.ENOSPC: "a full disk, expected room to write; free some space and run the command again",
    errno.EDQUOT: "a used-up disk quota, expected room to write; free some space and run again",
    errno.EROFS: "a read-only file system, expected to write there; set TIMBRE_HOME elsewhere",
    errno.EACCES: "no permission, expected to read and write there; set TIMBRE_HOME elsewhere",
    errno.EPERM: "no permission, expected to read and write there; set TIMBRE_HOME elsewhere",
    errno.ENOENT: "no such file or folder, expected it to be there; check the path",
    errno.EISDIR: "a folder, expected a file; check the path",
    errno.ENOTDIR: "a file where a folder belongs; check the path, and TIMBRE_HOME",
    errno.EEXIST: "a file where a folder belongs; check the path, and TIMBRE_HOME",
    errno.ENAMETOOLONG: "a name longer than the system takes, expected a file; check the path",
}


@contextmanager
def spoken() -> Iterator[None]:
    """Turn expected errors into one sentence on standard error and exit status 1.

    Others pass through with their traceback.
    """
    try:
        yield
    except EXPECTED as error:
        complain(sentence(str(error)))
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno not in _SYSTEM:
            raise
        where = f" ({error.filename})" if error.filename else ""
        complain(f"Found {_SYSTEM[error.errno]}{where}.")
        raise SystemExit(1) from None


def sentence(message: str) -> str:
    """An error's words with a capital and a full stop."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")
