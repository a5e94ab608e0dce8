"""Run copies of a teacher on the workers of a Ray cluster.

The pipeline with its journal, limits and checks runs on the machine where you start the command.
Only the teacher is copied: once per CPU core of the cluster or, if the teacher loads a model, once
per GPU. If a node fails, Ray restarts its copies.
"""

import socket
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.meter import Meter
from pipelines.teachers.callable import CallableLLM
from pipelines.teachers.completion import Completion, OnReply, Prompt, Teacher
from pipelines.teachers.distilabel_llm import DistilabelLLM
from pipelines.teachers.endpoints.endpoint import Endpoint

_MAX_BATCH = 64
_BATCHES_PER_SLOT = 4
_RETRIES = 3
_CONNECT_TIMEOUT = 5.0


class Copy:
    """A teacher that runs on a worker as a Ray actor."""

    def __init__(self, teacher: Teacher) -> None:
        """Create a copy of a teacher without loading it."""
        self._teacher = teacher
        self._is_loaded = False

    def load(self) -> None:
        """Load the teacher unless it's already loaded.

        Ray restarts copies that fail, and a restarted copy has to load its teacher again.
        """
        if not self._is_loaded:
            self._teacher.load()
            self._is_loaded = True

    def ask(self, prompts: Sequence[Prompt]) -> tuple[list[Completion], list[str]]:
        """Return the replies in prompt order, and descriptions of changes made to requests."""
        self.load()
        completions = self._teacher.ask(prompts)
        is_endpoint = isinstance(self._teacher, Endpoint)
        return completions, self._teacher.dialect.changes if is_endpoint else []


class RayLLM(Teacher):
    """A teacher that distributes its prompts among copies of another teacher on a Ray cluster."""

    teacher: Teacher
    address: str
    _ray: Any = PrivateAttr(default=None)
    _loading: dict[Any, Any] = PrivateAttr(default_factory=dict)
    _idle: list[Any] = PrivateAttr(default_factory=list)
    _max_batch: int = PrivateAttr(default=_MAX_BATCH)

    def load(self) -> None:
        """Start the copies of the teacher.

        Raises `TeacherError` if Ray isn't installed or no cluster is running.
        """
        super().load()
        self._ray = _connect(self.address)
        resources = self._ray.cluster_resources()
        uses_gpu = isinstance(self.teacher, (DistilabelLLM, CallableLLM))
        gpus = int(resources.get("GPU", 0)) if uses_gpu else 0
        count = gpus or max(1, int(resources.get("CPU", 1)))
        teacher = self._copied_teacher(count)
        actor = self._ray.remote(
            num_cpus=1, num_gpus=int(gpus > 0), max_restarts=_RETRIES, max_task_retries=_RETRIES
        )(Copy)
        copies = [actor.remote(teacher) for _ in range(count)]
        self._loading = {copy.load.remote(): copy for copy in copies}

    def _copied_teacher(self, count: int) -> Teacher:
        """Return a version of the teacher that can be copied `count` times.

        The copies of an endpoint share the allowed number of concurrent requests, and each copy
        counts its own tokens.
        """
        if not isinstance(self.teacher, Endpoint):
            return self.teacher
        share = max(1, self.teacher.concurrency // count)
        self._max_batch = _BATCHES_PER_SLOT * share
        copied: Endpoint = self.teacher.model_copy(update={"concurrency": share})
        return copied.with_meter(Meter())

    def unload(self) -> None:
        """Stop the copies and disconnect from the cluster."""
        self._loading, self._idle = {}, []
        if self._ray:
            self._ray.shutdown()

    def stream(self, prompts: Sequence[Prompt], on_reply: OnReply) -> None:
        """Distribute the prompts among the copies in batches.

        Re-raises any exception that a copy raises, and raises `TeacherError` if the cluster fails.
        """
        copies = len(self._loading) + len(self._idle)
        size = max(1, min(self._max_batch, len(prompts) // (2 * copies)))
        pending = deque(range(0, len(prompts), size))
        running: dict[Any, tuple[Any, int]] = {}
        with _convert_errors():
            while pending or running:
                while pending and self._idle:
                    copy, start = self._idle.pop(), pending.popleft()
                    running[copy.ask.remote(prompts[start : start + size])] = copy, start
                (done,), _ = self._ray.wait([*running, *self._loading], num_returns=1)
                result = self._ray.get(done)
                if done in self._loading:
                    self._idle.append(self._loading.pop(done))
                    continue
                completions, changes = result
                self._report(changes)
                copy, start = running.pop(done)
                self._idle.append(copy)
                for number, completion in enumerate(completions, start):
                    on_reply(number, completion)

    def _report(self, changes: Sequence[str]) -> None:
        """Add the request changes that a copy reports to the teacher's own, without duplicates."""
        if isinstance(self.teacher, Endpoint):
            known = self.teacher.dialect.changes
            known += [change for change in changes if change not in known]


def _connect(address: str) -> Any:
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise TeacherError(
            "Ray isn't installed. Run `pip install -e '.[ray]'` in the Timbre folder, or omit "
            "--engine."
        ) from error
    try:
        _check_reachable(address)
        with warnings.catch_warnings():  # Ray warns about changes in future versions
            warnings.simplefilter("ignore", FutureWarning)
            ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise TeacherError(
            f"There's no Ray cluster at “{address}” ({type(error).__name__}). Start one with `ray "
            "start --head`, set RAY_ADDRESS to the address of a running one, or omit --engine."
        ) from error
    return ray


def _check_reachable(address: str) -> None:
    """Raise `OSError` if nothing listens at an address.

    Without this check, Ray would take minutes to report that no cluster is running.
    """
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_TIMEOUT).close()


@contextmanager
def _convert_errors() -> Iterator[None]:
    exceptions = import_module("ray.exceptions")
    try:
        yield
    except exceptions.RayTaskError as error:
        raise error.cause from None
    except exceptions.RayError as error:
        raise TeacherError(
            f"The Ray cluster failed ({type(error).__name__}). Run the command again to continue "
            "with the replies received so far."
        ) from error
