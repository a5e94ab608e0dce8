"""A process that serves a GGUF file with llama.cpp, started by `local.py`.

Run: `python -m pipelines.teachers.llama_process MODEL SLOTS CONTEXT`. The process reads an API key
from standard input and prints its address when the model is loaded. The process exits when its
standard input is closed, which also happens if the parent process dies.
"""

import os
import sys

import xllamacpp


def serve(model: str, slots: int, context: int, key: str) -> xllamacpp.Server:
    """Serve a model on a free loopback port to clients that know the key.

    `slots` is the number of concurrent requests, and `context` is the maximum number of tokens in a
    prompt and its reply together.
    """
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [key]
    params.n_parallel, params.n_ctx = slots, slots * context
    params.ui, params.cors_origins, params.cors_credentials = False, "", False
    return xllamacpp.Server(params)


def main(model: str, slots: str, context: str) -> None:
    """Serve the model until standard input is closed."""
    # llama.cpp also logs to standard output, so the log is redirected to standard error.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = serve(model, int(slots), int(context), sys.stdin.readline().strip())
    print(server.listening_address, file=replies, flush=True)  # read by local.py
    sys.stdin.read()
    os._exit(0)  # doesn't wait for pending requests


if __name__ == "__main__":
    main(*sys.argv[1:])
