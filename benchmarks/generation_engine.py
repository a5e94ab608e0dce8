"""The speed of the tone pipeline, compared with distilabel's own run and a bare HTTP client.

Run: `python -m benchmarks.generation_engine [--rows 50000] [--plain-rows 2000] [--record]`. An
instant teacher shows the pipeline's own cost, without start-up, in a separate process whose peak
memory is measured. Over HTTP, a local server answers after 50 ms, and a bare asyncio client sends
it the same prompts with the same concurrency. distilabel's cache goes into a temporary folder.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import resource
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from distilabel.pipeline.local import Pipeline

from benchmarks.record import publish
from pipelines.conversations import ConversationTask, build_tone_pipeline
from pipelines.engine import stream_rows
from pipelines.journal import Journal
from pipelines.meter import Meter
from pipelines.teachers.cached import CachedLLM, TeacherIdentity
from pipelines.teachers.completion import Completion, Prompt, Teacher
from pipelines.teachers.endpoints.openai import OpenAIEndpoint
from pipelines.voices.tone import OFFLINE_PROMPTS
from timbre.campaign import load_tone

TEXT = "The viaduct was built in 1867. It carries two tracks across the valley of the Orrin. " * 5
TONE = load_tone("conversational")
TASK = ConversationTask(TONE, TONE.prompts_for(OFFLINE_PROMPTS))
REPLY = {"questions": ["What?"], "plain_answer": TEXT, "answer": TEXT}
LATENCY_SECONDS = 0.05
CONCURRENCY = 16
_PROMPTS_PER_ROW = 3
_ROUNDS = 3
_KB_PER_MB = 1024


class InstantLLM(Teacher):
    """A teacher that answers every prompt immediately, with the key that its task needs."""

    name: str = "instant"

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return a reply to each prompt."""
        return [Completion(build_reply(prompt.chat), 1, 1) for prompt in prompts]


def build_reply(chat: list[dict[str, str]]) -> str:
    """The reply to a prompt, with the key that the prompt's last line names."""
    line = chat[-1]["content"].rpartition("\n")[2]
    key = next(key for key in ("plain_answer", "questions", "answer") if f'"{key}"' in line)
    return json.dumps({key: REPLY[key]})


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows for the tone pipeline."""
    for n in range(count):
        yield {"passage": f"{n}. {TEXT}", "passage_id": str(n), "subject": "x"}


def with_journal(teacher: Teacher, folder: str) -> CachedLLM:
    """A teacher with a journal in a folder, as in every run."""
    journal = Journal(Path(folder) / f"{time.perf_counter_ns()}.jsonl")
    return CachedLLM.wrap(teacher, TeacherIdentity(teacher.model_name, "{}", 0), journal, Meter())


def run_streamed(count: int) -> tuple[float, float]:
    """Rows per second through the pipeline with its journal, and the peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = build_tone_pipeline(TASK, with_journal(InstantLLM(), folder))
        results = stream_rows(pipeline, rows(count))
        next(results)  # The first row ends the start-up.
        start = time.perf_counter()
        result_count = sum(1 for _ in results)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KB_PER_MB
    return result_count / seconds, peak


def run_by_distilabel(count: int, batch: int) -> float:
    """Rows per second by distilabel's own run. It includes start-up: rows only come at the end."""
    pipeline: Pipeline = build_tone_pipeline(TASK, InstantLLM())
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        pipeline._cache_dir = Path(folder)
        results = pipeline.run(
            parameters={name: {"input_batch_size": batch} for name in pipeline.dag},
            dataset=list(rows(count)),
            dataset_batch_size=batch,
            use_cache=False,
            logging_handlers=[logging.NullHandler()],
        )
        return len(results["default"]["train"]) / (time.perf_counter() - start)


class _SlowHandler(BaseHTTPRequestHandler):
    """A chat completion endpoint that waits before each reply and keeps connections open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Send a reply."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(LATENCY_SECONDS)
        message = {"content": build_reply(request["messages"])}
        choice = {"message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        body = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the output clean."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # enough for a busy machine, which accepts connections late
    daemon_threads = True


def _serve(port: Any) -> None:
    server = _Server(("127.0.0.1", 0), _SlowHandler)
    port.value = server.server_port
    threading.Thread(target=server.serve_forever).start()


@contextmanager
def slow_server() -> Iterator[str]:
    """Run the slow server in a separate process and yield its URL."""
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    process = context.Process(target=_serve, args=(port,))
    process.start()
    while not port.value:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port.value}/v1"
    process.kill()
    process.join()


def run_over_http(count: int, url: str) -> float:
    """The seconds of a pipeline whose teacher is the slow server."""
    with tempfile.TemporaryDirectory() as folder:
        teacher = OpenAIEndpoint(model="m", url=url, concurrency=CONCURRENCY)
        pipeline = build_tone_pipeline(TASK, with_journal(teacher, folder))
        start = time.perf_counter()
        result_count = sum(1 for _ in stream_rows(pipeline, rows(count)))
        seconds = time.perf_counter() - start
    if result_count != count:
        raise RuntimeError(f"The pipeline returned {result_count} of {count} rows.")
    return seconds


def run_bare_client(count: int, url: str) -> float:
    """The seconds of a bare asyncio client for as many prompts of about the same length."""
    chat = [{"role": "user", "content": f'{TEXT * 3}\n{{"plain_answer": "…"}}'}]

    async def run() -> None:
        semaphore = asyncio.Semaphore(CONCURRENCY)
        limits = httpx.Limits(max_connections=CONCURRENCY)
        async with httpx.AsyncClient(limits=limits, timeout=120) as client:

            async def send() -> None:
                async with semaphore:
                    body = {"model": "m", "messages": chat}
                    response = await client.post(f"{url}/chat/completions", json=body)
                    response.json()["choices"][0]["message"]["content"]

            await asyncio.gather(*(send() for _ in range(_PROMPTS_PER_ROW * count)))

    start = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - start


def run_in_process(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a new process, so that its peak memory can be measured."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def main() -> None:
    """Measure everything and print the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--plain-rows", type=int, default=2_000)
    parser.add_argument("--http-rows", type=int, default=512)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    speed, memory = run_in_process(run_streamed, options.rows)
    lines = [
        "| instant teacher | rows | rows/s | peak memory |",
        "| --- | --- | --- | --- |",
        f"| streamed, with a journal, without start-up | {options.rows:,} | {speed:,.0f} | "
        f"{memory:,.0f} MB |",
    ]
    for batch in (50, 500):
        speed = run_by_distilabel(options.plain_rows, batch)
        lines.append(
            f"| distilabel's run, batches of {batch}, with start-up | {options.plain_rows:,} | "
            f"{speed:,.0f} | |"
        )
    with slow_server() as url:
        # They alternate, so that other work on the machine slows both down.
        rounds = [
            (run_over_http(options.http_rows, url), run_bare_client(options.http_rows, url))
            for _ in range(_ROUNDS)
        ]
    replies = _ROUNDS * _PROMPTS_PER_ROW * options.http_rows
    ours, theirs = (replies / sum(seconds) for seconds in zip(*rounds, strict=True))
    lines += [
        "",
        f"A local server that answers after {LATENCY_SECONDS * 1000:.0f} ms, {CONCURRENCY} "
        f"concurrent requests, {replies:,} replies: {ours:,.0f} per second through the pipeline, "
        f"{theirs:,.0f} by a bare asyncio client ({ours / theirs:.0%}).",
    ]
    publish("generation", lines, options.record)


if __name__ == "__main__":
    main()
