"""Check whether an endpoint can be used, without requesting a completion."""

import httpx

from pipelines.errors import TeacherError
from pipelines.teachers.endpoints.api_error import find_error
from pipelines.teachers.endpoints.blocked_hosts import check_url
from pipelines.teachers.endpoints.body import decode_text, decode_value
from pipelines.teachers.endpoints.endpoint import Endpoint

_NOT_FOUND = 404
_MAX_LISTED = 5
_TIMEOUT = 20.0


def find_problem(endpoint: Endpoint) -> str:
    """Return why an endpoint can't be used, or an empty string if it can.

    A server that doesn't list its models may support any model, so a missing list isn't a problem.
    """
    name, key = endpoint.model_name, endpoint.api_key.get_secret_value()
    try:
        check_url(endpoint.url)
        url = f"{endpoint.url.rstrip('/')}/models"
        response = httpx.get(url, headers=endpoint.headers(), timeout=_TIMEOUT)
    except TeacherError as error:
        return str(error)
    except httpx.HTTPError as error:
        return f"{name} can't be reached ({type(error).__name__}). Start it first."
    text = decode_text(response.content)
    try:
        data = decode_value(text)
    except ValueError:
        data = None
    reported = find_error(response.status_code, data, text)
    if reported and reported.status != _NOT_FOUND:
        return f"{name} answered {reported.status}: {reported.masked(key).message}"
    models = _listed_models(data)
    if models and endpoint.model not in models:
        listed = ", ".join(sorted(models)[:_MAX_LISTED])
        return f"{endpoint.url} has no model “{endpoint.model}”. It has {listed}."
    return ""


def _listed_models(data: object) -> list[str]:
    models = data.get("data") if isinstance(data, dict) else None
    return [str(m["id"]) for m in models or () if isinstance(m, dict) and "id" in m]
