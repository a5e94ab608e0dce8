"""A check that llama.cpp reads exported GGUF files correctly: same tokens, same greedy answers.

Run: `python -m benchmarks.gguf [--record]`, with llama-cpp-python installed. It isn't a test,
because compiling llama-cpp-python takes longer than all the tests together.
"""

import argparse
import importlib
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.record import publish
from db.records import Message, Passage, Role
from pipelines.articles.intake import read_batches
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.export.export_plan import GgufType
from trainer.export.gguf_file import write_gguf
from trainer.models.lookup import MINI, resolve

NEW_TOKENS = 48
SYSTEM = "Answer in a friendly, conversational way."
EDGE_CASES = (
    "",
    " ",
    "  two  spaces ",
    "\n\n\nlines\n",
    "\ttab",
    "café CAFÉ naïve Ægir Ørsted ſ ß İ",
    "1852, 3.14, 1,000,000 and ½",
    "don't won't they'll I'm “quoted” ‘so’ — and – …",
    "日本語の文 中文 한국어 עברית العربية हिन्दी",
    "👩‍👩‍👧‍👦 🇫🇮 e\u0301 \u200b \u00a0",
    "<|user|> <s> </s> <unk> [INST] <|im_start|>",
    "x" * 300,
    "a.b.c/d\\e_f-g",
    "ALLCAPSandcamelCase",
)


def build_chats(count: int) -> list[tuple[Message, ...]]:
    """Chats about passages of the sample: plain, with a system prompt, and with two turns."""
    records = (record for batch in read_batches("sample", workers=1) for record in batch.records)
    passages = (r.text for r in records if isinstance(r, Passage))
    chats: list[tuple[Message, ...]] = []
    for n, passage in enumerate(islice(passages, count)):
        prompt = Message(Role.USER, f"{passage}\n\nWhat is this about?")
        second = (Message(Role.ASSISTANT, passage[:80]), Message(Role.USER, "And what else?"))
        chats.append(((prompt,), (Message(Role.SYSTEM, SYSTEM), prompt), (prompt, *second))[n % 3])
    return chats


def main() -> None:
    """Compare each GGUF type with the original model and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=150)
    parser.add_argument(
        "--record", action="store_true", help="write the table to its page in docs/benchmarks"
    )
    options = parser.parse_args()
    llama_cpp = importlib.import_module("llama_cpp")
    mini = Answerer(Arm("mini", MINI), Decoding(max_new_tokens=NEW_TOKENS, precision="float32"))
    chats = build_chats(options.chats)
    replies = [mini.reply(chat) for chat in chats]
    lines = [
        f"llama-cpp-python {llama_cpp.__version__}.",
        "",
        "| file | chats with equal token ids | edge cases with equal ids | equal greedy answers |",
        "| --- | --- | --- | --- |",
    ]
    for kind in GgufType:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.gguf"
            write_gguf(resolve(MINI), path, kind)
            model = llama_cpp.Llama(str(path), n_ctx=1024, n_threads=2, verbose=False, seed=0)
            counts = compare(model, llama_cpp, mini, chats, replies)
        totals = (len(chats), len(EDGE_CASES), len(chats))
        cells = " | ".join(f"{n} of {total}" for n, total in zip(counts, totals, strict=True))
        lines.append(f"| {kind.value} | {cells} |")
    publish("gguf", lines, options.record)


def compare(
    model: Any,
    llama_cpp: Any,
    mini: Answerer,
    chats: list[tuple[Message, ...]],
    replies: list[str],
) -> tuple[int, int, int]:
    """The number of chats and edge cases with equal token ids, and of equal answers."""
    tokenizer = mini.chat.tokenizer
    formatter = importlib.import_module("llama_cpp.llama_chat_format").Jinja2ChatFormatter(
        template=model.metadata["tokenizer.chat_template"],
        eos_token=tokenizer.eos_token,
        bos_token=tokenizer.bos_token,
    )
    ids = answers = 0
    for chat, reply in zip(chats, replies, strict=True):
        turns = [{"role": m.role.value, "content": m.content} for m in chat]
        prompt = formatter(messages=turns).prompt.encode()
        ids += model.tokenize(prompt, add_bos=False, special=True) == mini.chat.encode_prompt(chat)
        output = model.create_chat_completion(turns, max_tokens=NEW_TOKENS, temperature=0.0)
        answers += output["choices"][0]["message"]["content"].strip() == reply
    edge_cases = sum(
        model.tokenize(text.encode(), add_bos=False, special=True)
        == tokenizer.encode(text, add_special_tokens=False)
        for text in EDGE_CASES
    )
    return ids, edge_cases, answers


if __name__ == "__main__":
    main()
