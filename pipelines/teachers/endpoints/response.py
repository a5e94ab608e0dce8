"""Interpret responses: return a reply, retry, adapt the request, or end the run."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.teachers.completion import (
    CUT_OFF,
    EMPTY,
    FILTERED,
    INTERRUPTED,
    ONLY_REASONING,
    TOO_LONG,
    Completion,
    classify,
)
from pipelines.teachers.endpoints.api_error import ApiError, find_error
from pipelines.teachers.endpoints.body import CutOffError, decode_text, decode_value
from pipelines.teachers.endpoints.waits import is_daily_quota, requested_wait

NOT_A_COMPLETION = "the endpoint's answer isn't a chat completion"
_MAX_RAW_LENGTH = 500
_TOO_LARGE, _TOO_MANY_REQUESTS, _SERVER_ERROR, _UNAVAILABLE = 413, 429, 500, 503
_TEMPORARY = frozenset({408, 409, 425, _TOO_MANY_REQUESTS, 499})
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_MIN_LONG_WAIT = 120.0
_MINUTES_OF_HOURS = 120
_ADAPTABLE = frozenset({400, 404, 422, 500, 501})
_MAX_RETRIES = {EMPTY: 4, INTERRUPTED: 4, NOT_A_COMPLETION: 4}
_MAX_RETRIES |= {CUT_OFF: 3, FILTERED: 3, ONLY_REASONING: 3}
_FIXES = {
    **dict.fromkeys((301, 302, 303, 307, 308), "it redirects to another address. Check the URL."),
    401: "the API key is wrong. Set TIMBRE_TEACHER_KEY to the key for this endpoint.",
    402: "the account has no credit left. Top it up, then run the command again to continue.",
    403: "the API key has no access to this model. Use another key or model.",
    404: "the API or the model doesn't exist. Check the URL and the model name.",
    **dict.fromkeys((405, 501), "the endpoint doesn't support this API. Check the URL."),
}
_DAILY = "today's quota is used up. Run the command again tomorrow to continue."
_LATER = "Run the command again after that to continue."
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|credit balance is too low"
    r"|billing hard limit",
    re.IGNORECASE,
)
_WRONG_KEY = re.compile(
    r"(?:api[ _]key|token) (?:not valid|is invalid|not found|expired)|API_KEY_INVALID"
    r"|(?:invalid|incorrect) api[ _]key|invalid x-api-key",
    re.IGNORECASE,
)
_FILTER = re.compile(
    r"content[_ ]filter|content[_ ]management[_ ]policy|content[_ ]policy[_ ]violation"
    r"|ResponsibleAIPolicyViolation|data_inspection_failed|flagged by|requires moderation"
    r"|new_sensitive|PROHIBITED_CONTENT|considered high risk",
    re.IGNORECASE,
)
_FULL_CONTEXT = re.compile(
    r"context[_ ](?:length|window|size)|prompt is too long|maximum context|too many tokens"
    r"|exceed_context_size|input is too long|reduce the length|max_new_tokens. must be <="
    r"|input token count.{0,20}exceeds",
    re.IGNORECASE,
)
_NO_QUOTA = re.compile(r"limit: 0\b")  # Gemini's message for models without a free tier
_FIXES_BY_TEXT = (
    (_WRONG_KEY, _FIXES[401]),
    (_NO_CREDIT, _FIXES[402]),
    (_NO_QUOTA, "the account has no quota for this model. Use another key or model."),
)


@dataclass(frozen=True)
class Response:
    """An HTTP response whose body has been read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """The result of one attempt to get a reply.

    `completion` is a reply, or says why there is no reply. `is_final` is true if another attempt
    can't improve the completion; otherwise, at most `max_retries` retries are made for the same
    reason. `failure` says why there is no completion, and `message` is the provider's explanation.
    `error` is an error that a different request might avoid. `fatal` is a reason to end the run.
    """

    completion: Completion | None = None
    failure: str = ""
    message: str = ""
    error: ApiError | None = None
    fatal: str = ""
    wait: float | None = None
    max_retries: int | None = None
    is_final: bool = False
    is_adapted: bool = False
    is_overloaded: bool = False
    is_reply: bool = False

    @property
    def reason(self) -> str:
        """The reason why there is no reply, or an empty string if there is one."""
        return self.completion.reason if self.completion else self.failure

    def last_resort(self) -> Completion:
        """Return the completion to use if no further attempt is made."""
        reason = f"no answer from the endpoint ({self.failure})"
        return self.completion or Completion(None, reason=reason, raw=self.message)


@dataclass(frozen=True)
class ResponseReader:
    """A reader that interprets the responses of one endpoint.

    `parse` converts a response's JSON value to a completion. The run ends if the endpoint asks for
    a wait that is longer than `patience` seconds and longer than two minutes. If `has_long_replies`
    is true, a reply that was cut off is accepted.
    """

    name: str
    key: str
    patience: float
    parse: Callable[[Any], Completion]
    has_long_replies: bool = False

    def read(self, response: Response) -> Outcome:
        """Interpret the response to a prompt."""
        try:
            text, data = decode_text(response.body), None
            data = decode_value(text)
        except CutOffError:
            return _without_reply(INTERRUPTED, "")
        except _UNREADABLE:
            pass
        if error := find_error(response.status, data, text):
            return self._judge(error.masked(self.key), response)
        try:
            completion = self.parse(data)
        except _UNREADABLE:
            raw = text.replace(self.key, "…") if self.key else text
            return _without_reply(NOT_A_COMPLETION, raw)
        if self.has_long_replies and completion.reason == CUT_OFF and completion.raw:
            completion = replace(completion, text=completion.raw, reason="", raw="")
        return _of_completion(completion)

    def _judge(self, error: ApiError, response: Response) -> Outcome:
        """Decide whether an error concerns one prompt, allows another attempt or ends the run."""
        if error.generation is not None:
            return _of_completion(classify(error.generation, (None, None), None, None))
        if reason := _prompt_reason(error):
            return _without_reply(reason, error.message)
        wait = requested_wait(response.headers, error)
        is_temporary = error.status in _TEMPORARY or error.status >= _SERVER_ERROR
        adaptable = error if error.status in _ADAPTABLE else None
        if fix := _fix(error, wait, self.patience):
            says = f" The endpoint says: “{error.message}”" if error.message else ""
            fatal = f"{self.name} responded with status {error.status}: {fix}{says}"
            return Outcome(error=adaptable, fatal=fatal)
        if not is_temporary:
            lost = _without_reply(f"rejected with status {error.status}", error.message)
            return replace(lost, error=adaptable)
        return Outcome(
            failure=f"status {error.status}",
            message=error.message,
            error=adaptable,
            wait=wait,
            is_overloaded=error.status == _TOO_MANY_REQUESTS,
        )


def _of_completion(completion: Completion) -> Outcome:
    retries = _MAX_RETRIES.get(completion.reason)
    return Outcome(completion, max_retries=retries, is_final=retries is None, is_reply=True)


def _without_reply(reason: str, raw: str) -> Outcome:
    completion = Completion(None, reason=reason, raw=raw[:_MAX_RAW_LENGTH])
    retries = _MAX_RETRIES.get(reason)
    return Outcome(completion, max_retries=retries, is_final=retries is None)


def _prompt_reason(error: ApiError) -> str:
    """Return why an error concerns only this prompt, or an empty string if it doesn't."""
    if error.status in _TEMPORARY:
        return ""
    if _FILTER.search(error.text):
        return FILTERED
    is_too_long = error.status == _TOO_LARGE or _FULL_CONTEXT.search(error.text)
    return TOO_LONG if is_too_long else ""


def _fix(error: ApiError, wait: float | None, patience: float) -> str:
    """Return how users can fix an error that retrying can't solve, or an empty string."""
    if error.status < _SERVER_ERROR:
        for pattern, fix in _FIXES_BY_TEXT:
            if pattern.search(error.text):
                return fix
    if error.status in {_TOO_MANY_REQUESTS, _UNAVAILABLE}:
        if is_daily_quota(error, wait):
            return _DAILY
        if wait is not None and wait > max(patience, _MIN_LONG_WAIT):
            return f"it asks to wait {_format_wait(wait)}. {_LATER}"
    return _FIXES.get(error.status, "")


def _format_wait(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < _MINUTES_OF_HOURS else f"{round(minutes / 60)} hours"
