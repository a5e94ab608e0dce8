"""The start of a server, step by step, and its end."""

import asyncio
import gc
import importlib
import importlib.metadata
import ipaddress
import signal
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING, Protocol

import uvicorn
import uvloop

from timbre_argilla.credentials import Credentials, open_credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.home import Home
from timbre_argilla.jobs import JobLookup, JobStore, queues_module
from timbre_argilla.logs import set_up
from timbre_argilla.options import Options, tell_argilla
from timbre_argilla.worker import Worker

if TYPE_CHECKING:
    from timbre_argilla.gateway import Gateway

ARGILLA_VERSION = "2.8.0"
JOBS_FILE = "jobs.db"
GARBAGE = (20_000, 20, 20)
"""New objects before young garbage is looked for, and rounds of that before older is."""
GRACE_SECONDS = 10
"""How long requests under way may take to end once the server is told to stop."""


class Beside(Protocol):
    """What runs in the server's loop beside the requests."""

    def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End; the loop is about to."""


def launch(options: Options, credentials: Credentials | None = None) -> None:
    """Serve Argilla until told to stop (SIGTERM, SIGINT).

    Without credentials, those of the home are used, and made where it has none.

    Raises `LaunchError` where the server cannot start as asked.
    """
    _check(options)
    gc.disable()  # What is imported stays.
    home = Home.hold(options.home)
    try:
        credentials = credentials or open_credentials(options.home)
        listener = _listen(options)
        tell_argilla(options, credentials)
        store = None if options.redis_url else JobStore(options.home / JOBS_FILE)
        app, beside = _argilla(options, store, credentials)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _already_stopped)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, beside, home, listener))
        if store:
            store.close()
    finally:
        home.leave()


def _check(options: Options) -> None:
    found = importlib.metadata.version("argilla-server")
    if found != ARGILLA_VERSION:
        raise LaunchError(
            f"argilla-server {found} is installed, and this package is made for exactly "
            f"{ARGILLA_VERSION}; install it from its constraints.txt."
        )
    scheme = options.database_url.partition("://")[0].partition("+")[0]
    if scheme not in {"", "postgresql", "postgres"}:
        raise LaunchError(
            f"The database URL begins with {scheme!r}; give a postgresql:// URL, or none for "
            "SQLite in the server's home."
        )
    if (options.redis_url or options.elasticsearch_url) and not options.database_url:
        raise LaunchError(
            "Redis or Elasticsearch is given without a PostgreSQL URL; they are for servers whose "
            "database others can reach."
        )


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    # A port whose last server has just ended is free; one that is served is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise LaunchError(
            f"{options.host} port {options.port} cannot be listened at ({error.strerror}); "
            "choose another port, or 0 for any that is free."
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    if ipaddress.ip_address(host).is_unspecified:
        # Listening everywhere is no place to go to; here is.
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _argilla(
    options: Options, store: JobStore | None, credentials: Credentials
) -> tuple["Gateway", Beside]:
    """Argilla's application over our job queues, search engine and prepared database.

    The order matters: Argilla takes settings, queues and functions by name as it is imported.
    """
    # First come, first served: Argilla's own would break lines to the width of a terminal.
    set_up(options.json_log, options.secrets(credentials))
    worker = Worker(store) if store else None
    if store and worker:
        sys.modules["argilla_server.jobs.queues"] = queues_module(store, worker.wake)
    from timbre_argilla import database, guard, imports, messages, shortcuts, uploads, webhooks
    from timbre_argilla.gateway import Gateway

    database.prepare(credentials)
    engine = importlib.import_module("timbre_argilla.search.engine")
    from argilla_server._app import app
    from argilla_server.api.handlers.v1 import jobs

    if store:
        jobs.Job = JobLookup(store)
    guard.apply()
    shortcuts.apply(app)
    uploads.apply()
    imports.apply()
    webhooks.apply()
    gateway = Gateway(app, options.custom_fields)
    return gateway, worker or messages.Ear(engine.shelf, options.database_url)


async def _serve(app: "Gateway", beside: Beside, home: Home, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        # Uvicorn's own would write errors of requests past our log, whole and in many lines.
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    announcing = asyncio.create_task(_announce(server, home, _url(listener)))
    _collect_seldom()
    beside.start()
    await server.serve([listener])
    announcing.cancel()
    await beside.stop()


def _collect_seldom() -> None:
    """Look for garbage in cycles at every so many new objects, not at as few as is usual.

    An upload makes objects by the ten thousand, nearly all of which go without being looked for;
    looking at Python's usual pace took a sixth of its time.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


async def _announce(server: uvicorn.Server, home: Home, url: str) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    home.announce(url)


def _already_stopped(_number: int, _frame: FrameType | None) -> None:
    """Uvicorn raises the signal once more when it has stopped: nothing is left to do."""
