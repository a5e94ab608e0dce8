"""A client for servers with OpenAI's API, with readable errors if a server speaks another one."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpx import InvalidURL
from openai import OpenAI

from trainer.errors import TrainerError

_PARSING_ERRORS = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def open_client(url: str, api_key: str, timeout: float) -> OpenAI:
    """Create a client without contacting the server yet; `timeout` is in seconds.

    Raises `TrainerError` if the address isn't valid.
    """
    try:
        return OpenAI(base_url=url, api_key=api_key, timeout=timeout)
    except (InvalidURL, ValueError) as error:
        raise TrainerError(
            f"“{url}” isn't a server address. Use one like http://127.0.0.1:8000/v1."
        ) from error


@contextmanager
def reject_other_apis(url: str) -> Iterator[None]:
    """Turn errors in reading a server's replies into a `TrainerError`.

    The client doesn't validate replies, so a reply of another form fails where it is used.
    """
    try:
        yield
    except TrainerError:
        raise
    except _PARSING_ERRORS as error:
        raise TrainerError(
            f"The server at {url} doesn't reply in OpenAI's format ({type(error).__name__}). "
            "Check the address."
        ) from error
