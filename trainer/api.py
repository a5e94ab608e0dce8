"""A server that is to speak OpenAI's API: reached, and taken at its word only where it does."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpx import InvalidURL
from openai import OpenAI

from trainer.errors import TrainerError

_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def client(url: str, api_key: str, timeout: float) -> OpenAI:
    """A client of a server; nothing is asked yet.

    Raises `TrainerError` if the address is none.
    """
    try:
        return OpenAI(base_url=url, api_key=api_key, timeout=timeout)
    except (InvalidURL, ValueError) as error:
        raise TrainerError(
            f"found the address “{url}”, expected one like http://127.0.0.1:8000/v1"
        ) from error


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Turn what is met where an answer is not of the expected form into one sentence.

    The client takes whatever it is told for such an answer.
    """
    try:
        yield
    except TrainerError:
        raise
    except _NONSENSE as error:
        raise TrainerError(
            f"the server at {url} answered with something else ({type(error).__name__}), expected "
            "OpenAI's API; check the address"
        ) from error
