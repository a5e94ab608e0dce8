"""Start a server step by step, and run it until it is stopped."""

import asyncio
import gc
import importlib
import importlib.metadata
import ipaddress
import signal
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from timbre_argilla.credentials import Credentials, load_credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.home import Home
from timbre_argilla.jobs import JobStore, queues_module
from timbre_argilla.logs import configure_logging
from timbre_argilla.options import Options, configure_argilla
from timbre_argilla.web.logins import LoginThrottle
from timbre_argilla.worker import Worker

if TYPE_CHECKING:
    from timbre_argilla.notifications import ChangeListener
    from timbre_argilla.web.gateway import Gateway

ARGILLA_VERSION = "2.8.0"
JOBS_FILE = "jobs.db"
LOGINS_FILE = "logins.db"
GC_THRESHOLDS = (20_000, 20, 20)
"""Arguments of `gc.set_threshold`."""
GRACE_SECONDS = 10
"""How long pending requests may run when the server stops."""


def launch(options: Options, credentials: Credentials | None = None) -> None:
    """Serve Argilla until the process receives SIGTERM or SIGINT.

    If no credentials are passed, the server uses those in its home folder, or generates new ones if
    the folder contains none.

    Raises `LaunchError` if the server can't start with these options.
    """
    _check(options)
    gc.disable()  # Imported modules never become garbage.
    home = Home.acquire(options.home)
    try:
        credentials = credentials or load_credentials(options.home)
        listener = _listen(options)
        configure_argilla(options, credentials)
        store = None if options.redis_url else JobStore(options.home / JOBS_FILE)
        app, service = _import_argilla(options, store, credentials)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _ignore_signal)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, service, home, listener))
        if store:
            store.close()
    finally:
        home.release()


def _check(options: Options) -> None:
    version = importlib.metadata.version("argilla-server")
    if version != ARGILLA_VERSION:
        raise LaunchError(
            f"argilla-server {version} is installed, but this package needs exactly "
            f"{ARGILLA_VERSION}. Install it with this package's constraints.txt."
        )
    scheme = options.database_url.partition("://")[0].partition("+")[0]
    if scheme not in {"", "postgresql", "postgres"}:
        raise LaunchError(
            f"Database URLs that start with {scheme!r} aren't supported. Use a postgresql:// URL, "
            "or omit the URL to use SQLite in the server's home."
        )
    if (options.redis_url or options.elasticsearch_url) and not options.database_url:
        raise LaunchError(
            "Redis and Elasticsearch require PostgreSQL. Set the database URL to a "
            "postgresql:// URL."
        )


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    # Allow a port whose last server has just stopped, but not a port in use.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise LaunchError(
            f"Can't listen on {options.host} port {options.port} ({error.strerror}). "
            "Choose another port, or 0 for any free one."
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    if ipaddress.ip_address(host).is_unspecified:
        # Clients can't connect to "all addresses", but they can connect to loopback.
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _import_argilla(
    options: Options, store: JobStore | None, credentials: Credentials
) -> tuple["Gateway", "Worker | ChangeListener"]:
    """Import Argilla's application with Timbre's job queues, search engine and patches.

    The order of the imports matters, because Argilla binds its settings, queues and functions by
    name when it's imported.
    """
    # Only the first configuration counts, and Argilla's would wrap lines at the terminal width.
    configure_logging(options.json_log, options.secrets(credentials))
    worker = Worker(store) if store else None
    if store and worker:
        sys.modules["argilla_server.jobs.queues"] = queues_module(store, worker.wake)
    from timbre_argilla import database
    from timbre_argilla.notifications import ChangeListener
    from timbre_argilla.patches import (
        accounts,
        blinding,
        bounds,
        hub_imports,
        optimizations,
        repairs,
        requester,
        uploads,
        webhooks,
    )
    from timbre_argilla.web.gateway import Gateway

    database.prepare(credentials)
    engine = importlib.import_module("timbre_argilla.search.engine")
    from argilla_server._app import app
    from argilla_server.api.handlers.v1 import jobs

    if store:
        jobs.Job = store
    optimizations.apply(app)
    accounts.apply(LoginThrottle(options.home / LOGINS_FILE))
    for patch in (uploads, hub_imports, webhooks, repairs, requester, bounds):
        patch.apply()
    if not options.open_reviews:
        blinding.apply()
    service = worker or ChangeListener(engine.tables, options.database_url)
    return Gateway(app, options), service


async def _serve(
    app: "Gateway", service: "Worker | ChangeListener", home: Home, listener: socket.socket
) -> None:
    config = uvicorn.Config(
        app,
        # Uvicorn's configuration would bypass our log and write multi-line errors.
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    announcement = asyncio.create_task(_announce(server, home, _url(listener)))
    _reduce_garbage_collection()
    service.start()
    await server.serve([listener])
    announcement.cancel()
    await service.stop()


def _reduce_garbage_collection() -> None:
    """Run garbage collection less often than Python does by default.

    With Python's default thresholds, garbage collection took a sixth of an upload's time, although
    reference counting frees almost all of the objects that an upload creates.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


async def _announce(server: uvicorn.Server, home: Home, url: str) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    home.announce(url)


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Ignore the signal, because Uvicorn handles it and raises it again after stopping."""
