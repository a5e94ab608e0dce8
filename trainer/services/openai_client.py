"""A client for OpenAI-compatible servers that converts their errors to `TrainerError`."""

from collections.abc import Iterator
from contextlib import contextmanager

from httpx import InvalidURL
from openai import OpenAI, OpenAIError

from trainer.errors import TrainerError

_PARSING_ERRORS = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


@contextmanager
def openai_client(url: str, api_key: str, timeout: float, advice: str) -> Iterator[OpenAI]:
    """Open a client for the duration of a `with` block; `timeout` is in seconds.

    Raises `TrainerError` if the URL isn't valid, a request fails, or a reply has an unexpected
    format. If a request fails, the error message ends with `advice`. The client doesn't validate
    replies, so an unexpected format causes an error only when the reply is used.
    """
    try:
        client = OpenAI(base_url=url, api_key=api_key, timeout=timeout)
    except (InvalidURL, ValueError) as error:
        raise TrainerError(
            f"“{url}” isn't a server address. Use a URL such as http://127.0.0.1:8000/v1."
        ) from error
    try:
        with client:
            yield client
    except TrainerError:
        raise
    except OpenAIError as error:
        raise TrainerError(f"The request to {url} failed ({error}). {advice}") from error
    except _PARSING_ERRORS as error:
        raise TrainerError(
            f"The server at {url} doesn't reply in OpenAI's format ({type(error).__name__}). Check "
            "the URL."
        ) from error
