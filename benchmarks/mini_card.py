"""The figures of the mini base model's card, on articles and dialogues that it was not trained on.

    python -m benchmarks.mini_card --text ARTICLES… --dialogue DIALOGUES… [--model FOLDER]

Name the texts that the model was made from: the held-out ones are told by the recipe's hash.
"""

import argparse
import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from evaluation.statistics import wilson
from evaluation.tone import flesch_reading_ease, is_conversational
from trainer.mini import corpus, measure, packaged
from trainer.mini.recipe import Recipe

NEUTRAL = "You are a helpful assistant."
TONE = Path(__file__).parents[1] / "configs" / "tones" / "conversational.toml"


def register(texts: list[str]) -> dict[str, Any]:
    """Share of conversational texts by the evaluation's rule, with its interval; reading ease."""
    spoken = wilson(sum(map(is_conversational, texts)), len(texts))
    ease = [flesch_reading_ease(text) for text in texts if text.split()]
    return {"conversational": asdict(spoken), "flesch": sum(ease) / len(ease)}


def main() -> None:
    """Measure a model and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True)
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True)
    parser.add_argument("--model", type=Path, default=packaged.FOLDER)
    parser.add_argument("--prompts", type=int, default=200)
    asked = parser.parse_args()
    held = corpus.read(asked.text, asked.dialogue, Recipe().held_out)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(asked.model)
    model = LlamaForCausalLM.from_pretrained(asked.model, dtype=torch.float32)
    turns = measure.held_out_turns(held, asked.prompts)
    tone = tomllib.loads(TONE.read_text())["system"]
    found: dict[str, Any] = asdict(measure.figures(model, tokenizer, held, asked.prompts))
    for size in (6, 12):
        ruled = asdict(measure.figures(model, tokenizer, held, asked.prompts, size))
        found[f"no {size} tokens generated twice"] = {
            name: ruled[name] for name in ("rouge_l", "first_sentence", "loops", "from_passage")
        }
    found["references"] = register([turn.reference for turn in turns])
    for name, system in (("no prompt", ""), ("neutral prompt", NEUTRAL), ("tone's prompt", tone)):
        found[name] = register(measure.answers(model, tokenizer, turns, system))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
