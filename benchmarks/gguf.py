"""Whether llama.cpp reads our GGUF files as we mean them: the same tokens, the same greedy answers.

Run: `python -m benchmarks.gguf [--record]`, with llama-cpp-python installed beside Timbre; it is
compiled where it is installed, which takes longer than all our tests, so this is no test.
"""

import argparse
import importlib
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.record import record
from db.records import Message, Passage, Role
from pipelines.wikipedia.intake import records
from trainer.answer import Answerer, Arm, Decoding
from trainer.gguf_file import GgufType, write_gguf
from trainer.models import MINI, resolve

NEW_TOKENS = 48
SYSTEM = "Answer in a friendly, conversational way."
HARD = (
    "", " ", "  two  spaces ", "\n\n\nlines\n", "\ttab", "café CAFÉ naïve Ægir Ørsted ſ ß İ",
    "1852, 3.14, 1,000,000 and ½", "don't won't they'll I'm “quoted” ‘so’ — and – …",
    "日本語の文 中文 한국어 עברית العربية हिन्दी", "👩‍👩‍👧‍👦 🇫🇮 e\u0301 \u200b \u00a0",
    "<|user|> <s> </s> <unk> [INST] <|im_start|>", "x" * 300, "a.b.c/d\\e_f-g",
    "ALLCAPSandcamelCase",
)  # fmt: skip


def talks(count: int) -> list[tuple[Message, ...]]:
    """Chats about passages of the bundled sample: bare, under a system prompt, and of two turns."""
    passages = (r.text for r in records("sample", workers=1) if isinstance(r, Passage))
    found: list[tuple[Message, ...]] = []
    for n, passage in enumerate(islice(passages, count)):
        asked = Message(Role.USER, f"{passage}\n\nWhat is this about?")
        again = (Message(Role.ASSISTANT, passage[:80]), Message(Role.USER, "And what else?"))
        found.append(((asked,), (Message(Role.SYSTEM, SYSTEM), asked), (asked, *again))[n % 3])
    return found


def main() -> None:
    """Print a table, and with --record put it into its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=150)
    parser.add_argument("--record", action="store_true", help="put the table into the page")
    asked = parser.parse_args()
    llama_cpp = importlib.import_module("llama_cpp")
    mini = Answerer(Arm("mini", MINI), Decoding(max_new_tokens=NEW_TOKENS, precision="float32"))
    chats = talks(asked.chats)
    replies = [mini.reply(chat) for chat in chats]
    lines = [
        f"llama-cpp-python {llama_cpp.__version__}.",
        "",
        "| file | chats with the same token ids | hard texts with the same | same greedy answer |",
        "| --- | --- | --- | --- |",
    ]
    for kind in GgufType:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.gguf"
            write_gguf(resolve(MINI), path, kind)
            model = llama_cpp.Llama(str(path), n_ctx=1024, n_threads=2, verbose=False, seed=0)
            counts = compare(model, llama_cpp, mini, chats, replies)
        of = (len(chats), len(HARD), len(chats))
        cells = " | ".join(f"{same} of {all_}" for same, all_ in zip(counts, of, strict=True))
        lines.append(f"| {kind.value} | {cells} |")
    if asked.record:
        record("gguf", lines)
    else:
        print("\n".join(lines))


def compare(
    model: Any,
    llama_cpp: Any,
    mini: Answerer,
    chats: list[tuple[Message, ...]],
    replies: list[str],
) -> tuple[int, int, int]:
    """How many chats and hard texts are the same tokens, how many answers the same words."""
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
        ids += model.tokenize(prompt, add_bos=False, special=True) == mini.chat.asked(chat)
        said = model.create_chat_completion(turns, max_tokens=NEW_TOKENS, temperature=0.0)
        answers += said["choices"][0]["message"]["content"].strip() == reply
    hard = sum(
        model.tokenize(text.encode(), add_bos=False, special=True)
        == tokenizer.encode(text, add_special_tokens=False)
        for text in HARD
    )
    return ids, hard, answers


if __name__ == "__main__":
    main()
