"""Run llama.cpp's server, which offers OpenAI's API to programs on this machine.

The optional package xllamacpp contains the server, which answers several requests at once and
caches prompts.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import TrainerError

HOST = "127.0.0.1"
_CACHE_MB = 256


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A GGUF file to serve: its name for clients, its port, and its limits.

    `context` is the maximum number of tokens in a prompt and its answer together. `slots` is the
    maximum number of simultaneous requests.
    """

    name: str
    path: Path
    port: int
    context: int = 4096
    slots: int = 4


@contextmanager
def serve_model(model: ServedModel) -> Iterator[str]:
    """Serve a model until the `with` block ends, and yield the URL for clients.

    Raises `TrainerError` if xllamacpp isn't installed, if the port is in use, or if llama.cpp can't
    load the file.
    """
    try:
        import xllamacpp  # an optional package
    except ImportError as error:
        raise TrainerError(
            "Serving needs llama.cpp, which isn't installed. Run `pip install xllamacpp`."
        ) from error
    _check_port(model.port)
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(model.path), {model.name}
    params.hostnames, params.port = [HOST], model.port
    params.n_ctx, params.n_parallel = model.context * model.slots, model.slots
    params.cache_ram_mib = _CACHE_MB
    params.cors_origins, params.cors_credentials = "", False  # no web page may use the model
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise TrainerError(
            f"llama.cpp can't serve {model.path} ({error}). Export the run again."
        ) from error
    yield f"{server.listening_address}/v1"
    del server  # stops the server


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise TrainerError(
                f"Port {port} can't be used ({error.strerror}). Choose another one with --port."
            ) from error
