"""Rows a second through the tone pipeline: walked, beside distilabel's own run; and over HTTP.

Run: `python -m benchmarks.generation_engine [--rows 50000] [--plain-rows 2000] [--record]`. With an
instant teacher the pipeline's own work is measured, start-up apart; its memory is the peak of a
process of its own. Over HTTP a local server answers after 50 ms, and a bare asyncio client asks it
the same prompts at the same concurrency. distilabel writes its cache into a throw-away folder.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from distilabel.models.llms.base import LLM
from distilabel.pipeline.local import Pipeline

from benchmarks.record import record
from pipelines.conversations import tone_pipeline
from pipelines.engine import walk
from pipelines.journal import Journal
from pipelines.teachers.endpoint import Endpoint
from pipelines.teachers.recorded import Recorded
from pipelines.tone_file import load_tone

TEXT = "The viaduct was built in 1867. It carries two tracks across the valley of the Orrin. " * 5
TONE = Path(__file__).parents[1] / "configs" / "tones" / "conversational.toml"
REPLY = {"questions": ["What?"], "plain_answer": TEXT, "answer": TEXT}
LATENCY = 0.05
CONCURRENCY = 16
_STEPS = 3
_TURNS = 3
_MB = 1024


class Instant(LLM):  # type: ignore[misc] # distilabel ships no types
    """A teacher that answers every prompt at once, with the key that its task asks for."""

    @property
    def model_name(self) -> str:
        """What this teacher is called."""
        return "instant"

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """A reply to every prompt."""
        del num_generations
        counts = {"input_tokens": [1], "output_tokens": [1]}
        return [{"generations": [said(chat)], "statistics": counts} for chat in inputs]


def said(chat: list[dict[str, str]]) -> str:
    """The reply to a prompt: the key that stands in its last line."""
    line = chat[-1]["content"].rpartition("\n")[2]
    key = next(key for key in ("plain_answer", "questions", "answer") if f'"{key}"' in line)
    return json.dumps({key: REPLY[key]})


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows as the tone pipeline takes them."""
    for n in range(count):
        yield {"passage": f"{n}. {TEXT}", "passage_id": str(n), "subject": "x"}


def recorded(teacher: LLM, folder: str) -> Recorded:
    """A teacher with a journal in a folder, as every run has one."""
    journal = Journal(Path(folder) / f"{time.perf_counter_ns()}.jsonl")
    return Recorded.over(teacher, (teacher.model_name, "{}", 0), journal)


def walked(count: int) -> tuple[float, float]:
    """Rows a second through the pipeline with its journal, and the process's peak in MB."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = tone_pipeline(load_tone(TONE), recorded(Instant(), folder))
        found = walk(pipeline, rows(count))
        next(found)  # start-up is over with the first row
        started = time.perf_counter()
        made = sum(1 for _ in found)
        seconds = time.perf_counter() - started
    return made / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB


def by_distilabel(count: int, batch: int) -> float:
    """Rows a second by distilabel's own run, start-up included: it hands rows on at the end."""
    pipeline: Pipeline = tone_pipeline(load_tone(TONE), Instant())
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        pipeline._cache_dir = Path(folder)
        made = pipeline.run(
            parameters={name: {"input_batch_size": batch} for name in pipeline.dag},
            dataset=list(rows(count)),
            dataset_batch_size=batch,
            use_cache=False,
            logging_handlers=[logging.NullHandler()],
        )
        return len(made["default"]["train"]) / (time.perf_counter() - started)


class _Slow(BaseHTTPRequestHandler):
    """Answers a chat completion after the latency, over a connection that stays open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One reply."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(LATENCY)
        choice = {"message": {"content": said(asked["messages"])}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        body = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait to be taken, on a busy machine too
    daemon_threads = True


def _serve(port: Any) -> None:
    server = _Server(("127.0.0.1", 0), _Slow)
    port.value = server.server_port
    threading.Thread(target=server.serve_forever).start()


@contextmanager
def served() -> Iterator[str]:
    """The address of the slow server, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    port = context.Value("i", 0)
    process = context.Process(target=_serve, args=(port,))
    process.start()
    while not port.value:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port.value}/v1"
    process.kill()
    process.join()


def over_http(count: int, url: str) -> float:
    """Seconds that replies for some rows take through the whole pipeline from the slow server."""
    with tempfile.TemporaryDirectory() as folder:
        teacher = Endpoint(model="m", url=url, concurrency=CONCURRENCY)
        pipeline = tone_pipeline(load_tone(TONE), recorded(teacher, folder))
        started = time.perf_counter()
        made = sum(1 for _ in walk(pipeline, rows(count)))
        seconds = time.perf_counter() - started
    if made != count:
        raise RuntimeError(f"found {made} rows, expected {count}")
    return seconds


def bare(count: int, url: str) -> float:
    """Seconds of a bare asyncio client for as many replies to prompts of about the same length."""
    chat = [{"role": "user", "content": f'{TEXT * 3}\n{{"plain_answer": "…"}}'}]

    async def run() -> None:
        gate = asyncio.Semaphore(CONCURRENCY)
        limits = httpx.Limits(max_connections=CONCURRENCY)
        async with httpx.AsyncClient(limits=limits, timeout=120) as client:

            async def one() -> None:
                async with gate:
                    asked = {"model": "m", "messages": chat}
                    response = await client.post(f"{url}/chat/completions", json=asked)
                    response.json()["choices"][0]["message"]["content"]

            await asyncio.gather(*(one() for _ in range(_STEPS * count)))

    started = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - started


def apart(way: Callable[..., Any], *arguments: object) -> Any:
    """What a function returns in a process of its own, whose memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(way, arguments)


def main() -> None:
    """Print a table, and with --record put it into its page."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--plain-rows", type=int, default=2_000)
    parser.add_argument("--http-rows", type=int, default=512)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    speed, memory = apart(walked, asked.rows)
    lines = [
        "| instant teacher | rows | rows/s | peak memory |",
        "| --- | --- | --- | --- |",
        f"| walked, with its journal, start-up apart | {asked.rows:,} | {speed:,.0f} | "
        f"{memory:,.0f} MB |",
    ]
    for batch in (50, 500):
        plain = by_distilabel(asked.plain_rows, batch)
        lines.append(
            f"| distilabel's run, batches of {batch}, start-up included | {asked.plain_rows:,} | "
            f"{plain:,.0f} | |"
        )
    with served() as url:
        # In turns, so that a machine which is busy for a while is so for both.
        took = [
            (over_http(asked.http_rows, url), bare(asked.http_rows, url)) for _ in range(_TURNS)
        ]
    replies = _TURNS * _STEPS * asked.http_rows
    ours, theirs = (replies / sum(seconds) for seconds in zip(*took, strict=True))
    lines += [
        "",
        f"A local server that answers after {LATENCY * 1000:.0f} ms, {CONCURRENCY} requests side "
        f"by side, {replies:,} replies: {ours:,.0f} a second through the "
        f"pipeline, {theirs:,.0f} by a bare asyncio client: {ours / theirs:.0%}.",
    ]
    if asked.record:
        record("generation", lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
