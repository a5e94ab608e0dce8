"""A teacher whose copies reply on the workers of a Ray cluster.

The pipeline is walked where the run was started, and so its journal, limits and checks are the
same as ever; what takes the time, the teacher, is copied to every core of the cluster (to every
GPU, for a model that the teacher loads). A copy that a broken node takes with it is made anew.
"""

import socket
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from distilabel.models.llms.base import LLM
from pydantic import PrivateAttr

from pipelines.errors import TeacherError
from pipelines.meter import Meter
from pipelines.teachers.borrowed import Borrowed
from pipelines.teachers.endpoint import Arrived, Asked, Endpoint
from pipelines.teachers.handed import Handed

_MOST_AT_ONCE = 64
_ROUNDS = 4
_TRIES = 3
_KNOCK = 5.0


class Copy:
    """A teacher on a worker."""

    def __init__(self, teacher: LLM) -> None:
        """A teacher that is yet to be loaded."""
        self._teacher = teacher
        self._loaded = False

    def ready(self) -> None:
        """Loads the teacher where it is not; a copy made anew has to, too."""
        if not self._loaded:
            self._teacher.load()
            self._loaded = True

    def replies(self, asked: Sequence[Asked]) -> list[dict[str, Any]]:
        """The replies to some prompts, in their order."""
        self.ready()
        if isinstance(self._teacher, Endpoint):
            made: dict[int, dict[str, Any]] = {}
            self._teacher.generate_each(asked, made.__setitem__)
            return [made[n] for n in range(len(asked))]
        outputs: list[dict[str, Any]] = self._teacher.generate_outputs(
            inputs=[chat for chat, _ in asked], **self._teacher.get_generation_kwargs()
        )
        return outputs


class Spread(LLM):
    """Has copies of the teacher inside reply, as many side by side as the cluster has room for.

    `address` is the cluster's, or “auto” for one on this machine.
    """

    teacher: LLM
    address: str
    _ray: Any = PrivateAttr(default=None)
    _coming: dict[Any, Any] = PrivateAttr(default_factory=dict)
    _free: list[Any] = PrivateAttr(default_factory=list)
    _at_once: int = PrivateAttr(default=_MOST_AT_ONCE)

    @property
    def model_name(self) -> str:
        """The string the teacher inside is named by."""
        name: str = self.teacher.model_name
        return name

    def load(self) -> None:
        """Connects to the cluster and sends the copies.

        Raises `TeacherError` if there is no Ray, or no cluster.
        """
        super().load()
        self._ray = _connected(self.address)
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if isinstance(self.teacher, (Borrowed, Handed)) else 0
        count = gpus or max(1, int(resources.get("CPU", 1)))
        sent = self._to_send(count)
        kind = self._ray.remote(
            num_cpus=1, num_gpus=int(gpus > 0), max_restarts=_TRIES, max_task_retries=_TRIES
        )(Copy)
        copies = [kind.remote(sent) for _ in range(count)]
        self._coming = {copy.ready.remote(): copy for copy in copies}

    def unload(self) -> None:
        """Ends the copies and leaves the cluster."""
        self._coming, self._free = {}, []
        if self._ray:
            self._ray.shutdown()

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies, in the order of the prompts; see `generate_each`."""
        del num_generations  # a row needs one; another seed gives another
        made: dict[int, dict[str, Any]] = {}
        self.generate_each([(chat, None) for chat in inputs], made.__setitem__)
        return [made[n] for n in range(len(inputs))]

    def generate_each(self, asked: Sequence[Asked], arrived: Arrived) -> None:
        """Has the prompts answered and hands on each reply, with its number, as its part comes.

        Raises what a copy raises, and `TeacherError` if the cluster breaks off.
        """
        copies = len(self._coming) + len(self._free)
        size = max(1, min(self._at_once, len(asked) // (2 * copies)))
        waiting = deque(range(0, len(asked), size))
        working: dict[Any, tuple[Any, int]] = {}
        with _in_one_sentence():
            while waiting or working:
                while waiting and self._free:
                    copy, start = self._free.pop(), waiting.popleft()
                    working[copy.replies.remote(asked[start : start + size])] = copy, start
                (done,), _ = self._ray.wait([*working, *self._coming], num_returns=1)
                made = self._ray.get(done)
                if done in self._coming:
                    self._free.append(self._coming.pop(done))
                    continue
                copy, start = working.pop(done)
                self._free.append(copy)
                for number, reply in enumerate(made, start):
                    arrived(number, reply)

    def _to_send(self, count: int) -> LLM:
        """The teacher as a copy has it: of an endpoint each asks its share, counting for itself."""
        if not isinstance(self.teacher, Endpoint):
            return self.teacher
        share = max(1, self.teacher.concurrency // count)
        self._at_once = _ROUNDS * share
        return self.teacher.model_copy(update={"concurrency": share}).counted_by(Meter())


def _connected(address: str) -> Any:
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise TeacherError(
            "found no Ray, expected it for a run on a cluster; install it (pip install -e "
            "'.[ray]' in Timbre's folder), or leave --engine out"
        ) from error
    try:
        _knock(address)
        with warnings.catch_warnings():  # Ray foretells what it will do by and by
            warnings.simplefilter("ignore", FutureWarning)
            ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise TeacherError(
            f"found no Ray cluster at “{address}” ({type(error).__name__}), expected one at "
            "RAY_ADDRESS or on this machine; start one with `ray start --head`, or leave "
            "--engine out"
        ) from error
    return ray


def _knock(address: str) -> None:
    """Raises `OSError` if nobody is at an address, for which Ray would look for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    exceptions = import_module("ray.exceptions")
    try:
        yield
    except exceptions.RayTaskError as error:
        raise error.cause from None
    except exceptions.RayError as error:
        raise TeacherError(
            f"the Ray cluster broke off ({type(error).__name__}); what came before is kept: run "
            "again to go on"
        ) from error
