"""Report expected errors in one or two sentences instead of a traceback."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from annotation.errors import AnnotationError
from db.errors import StoreError
from evaluation.errors import EvaluationError
from pipelines.errors import SourceError, TeacherError
from studies.errors import StudyError
from timbre.console import echo_error
from timbre.settings import SettingsError
from trainer.errors import TrainerError

EXPECTED_ERRORS = (
    AnnotationError,
    EvaluationError,
    SettingsError,
    SourceError,
    StoreError,
    StudyError,
    TeacherError,
    TrainerError,
)
_SYSTEM_ERRORS = {
    errno.ENOSPC: "The disk is full. Free some space and run the command again.",
    errno.EDQUOT: "Your disk quota is used up. Free some space and run the command again.",
    errno.EROFS: "The file system is read-only. Set TIMBRE_HOME to a folder you can write to.",
    errno.EACCES: "Permission denied. Set TIMBRE_HOME to a folder you can write to.",
    errno.EPERM: "Permission denied. Set TIMBRE_HOME to a folder you can write to.",
    errno.ENOENT: "There is no such file or folder. Check the path.",
    errno.EISDIR: "This is a folder, not a file. Check the path.",
    errno.ENOTDIR: "Part of the path is a file, not a folder. Check the path and TIMBRE_HOME.",
    errno.EEXIST: "Part of the path is a file, not a folder. Check the path and TIMBRE_HOME.",
    errno.ENAMETOOLONG: "The file name is too long for this system. Check the path.",
}


@contextmanager
def report_errors() -> Iterator[None]:
    """Print the message of an expected error to standard error, and exit with status 1.

    Unexpected errors are raised as usual, with a traceback.
    """
    try:
        yield
    except EXPECTED_ERRORS as error:
        echo_error(str(error))
        raise SystemExit(1) from None
    except OSError as error:
        if error.errno not in _SYSTEM_ERRORS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        echo_error(f"{where}{_SYSTEM_ERRORS[error.errno]}")
        raise SystemExit(1) from None
