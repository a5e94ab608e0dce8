"""The start of a server, step by step, and its end."""

import asyncio
import importlib
import importlib.metadata
import ipaddress
import logging
import signal
import socket
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from timbre_argilla.credentials import Credentials, open_credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.home import Home
from timbre_argilla.jobs import JobLookup, JobStore, queues_module
from timbre_argilla.options import Options, tell_argilla
from timbre_argilla.worker import Worker

if TYPE_CHECKING:
    from fastapi import FastAPI

ARGILLA_VERSION = "2.8.0"
JOBS_FILE = "jobs.db"
GRACE_SECONDS = 10
"""How long requests under way may take to end once the server is told to stop."""


def launch(options: Options) -> None:
    """Serve Argilla until told to stop (SIGTERM, SIGINT).

    Raises `LaunchError` where the server cannot start as asked.
    """
    _check(options)
    home = Home.hold(options.home)
    try:
        credentials = open_credentials(options.home)
        listener = _listen(options)
        tell_argilla(options, credentials)
        store = JobStore(options.home / JOBS_FILE)
        worker = Worker(store)
        app = _argilla(store, worker, credentials)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _already_stopped)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, worker, home, listener))
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


def _argilla(store: JobStore, worker: Worker, credentials: Credentials) -> "FastAPI":
    """Argilla's application over our job queues, search engine and prepared database.

    The order matters: Argilla takes settings, queues and functions by name as it is imported.
    """
    # First come, first served: Argilla's own would break lines to the width of a terminal.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    # Argilla's validation of records trips over this on every upload, without harm.
    warnings.filterwarnings("ignore", "Object of type <Record> not in session")
    sys.modules["argilla_server.jobs.queues"] = queues_module(store, worker.wake)
    from timbre_argilla import database, guard, shortcuts, webhooks

    database.prepare(credentials)
    importlib.import_module("timbre_argilla.search.engine")
    from argilla_server._app import app
    from argilla_server.api.handlers.v1 import jobs

    jobs.Job = JobLookup(store)
    guard.apply()
    shortcuts.apply(app)
    webhooks.apply()
    made: FastAPI = app
    return made


async def _serve(app: "FastAPI", worker: Worker, home: Home, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    server = uvicorn.Server(config)
    announcing = asyncio.create_task(_announce(server, home, _url(listener)))
    worker.start()
    await server.serve([listener])
    announcing.cancel()
    await worker.stop()


async def _announce(server: uvicorn.Server, home: Home, url: str) -> None:
    while not server.started:
        await asyncio.sleep(0.02)
    home.announce(url)


def _already_stopped(_number: int, _frame: FrameType | None) -> None:
    """Uvicorn raises the signal once more when it has stopped: nothing is left to do."""
