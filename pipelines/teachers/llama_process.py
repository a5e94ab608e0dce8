"""The process that serves a GGUF file with llama.cpp; `local.py` starts it.

Run: `python -m pipelines.teachers.llama_process MODEL SLOTS CONTEXT`. It reads a key from its
standard input, prints its address when the model is loaded, and ends when its input is closed,
which also happens when the process that started it dies.
"""

import os
import sys

import xllamacpp


def serve(model: str, slots: int, context: int, key: str) -> xllamacpp.Server:
    """Serve a model on a free loopback port to clients that know the key.

    `slots` are concurrent requests and `context` is the most tokens of each, with its reply.
    """
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [key]
    params.n_parallel, params.n_ctx = slots, slots * context
    params.ui = False
    return xllamacpp.Server(params)


def main(model: str, slots: str, context: str) -> None:
    """Serve until the standard input is closed."""
    # llama.cpp logs to the same streams, so the address gets its own.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = serve(model, int(slots), int(context), sys.stdin.readline().strip())
    print(server.listening_address, file=replies, flush=True)  # read by local.py
    sys.stdin.read()
    os._exit(0)  # requests in flight aren't waited for


if __name__ == "__main__":
    main(*sys.argv[1:])
