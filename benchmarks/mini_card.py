"""The figures in the model card of the mini base model, on held-out articles and dialogues.

    python -m benchmarks.mini_card --text ARTICLES… --dialogue DIALOGUES… [--model FOLDER]

Pass the texts that the model was trained from. The recipe's hash determines which are held out.
"""

import argparse
import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from benchmarks import mini_measures as measure
from evaluation.measures.tone import flesch_reading_ease, is_conversational
from evaluation.statistics import wilson
from recipes.mini import corpus
from recipes.mini.recipe import Recipe
from trainer.models import mini

NEUTRAL = "You are a helpful assistant."
TONE = Path(__file__).parents[1] / "configs" / "tones" / "conversational.toml"


def register(texts: list[str]) -> dict[str, Any]:
    """The share of texts that the evaluation's rule calls conversational, and the reading ease."""
    conversational = wilson(sum(map(is_conversational, texts)), len(texts))
    ease = [flesch_reading_ease(text) for text in texts if text.split()]
    return {"conversational": asdict(conversational), "flesch": sum(ease) / len(ease)}


def main() -> None:
    """Measure a model and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, nargs="+", required=True)
    parser.add_argument("--dialogue", type=Path, nargs="+", required=True)
    parser.add_argument("--model", type=Path, default=mini.FOLDER)
    parser.add_argument("--prompts", type=int, default=200)
    options = parser.parse_args()
    held_out = corpus.read(options.text, options.dialogue, Recipe().held_out, is_held_out=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(options.model)
    model = LlamaForCausalLM.from_pretrained(options.model, dtype=torch.float32)
    turns = measure.held_out_turns(held_out, options.prompts)
    tone = tomllib.loads(TONE.read_text())["system"]
    figures: dict[str, Any] = asdict(measure.figures(model, tokenizer, held_out, options.prompts))
    for size in (6, 12):
        limited = asdict(measure.figures(model, tokenizer, held_out, options.prompts, size))
        figures[f"no {size} tokens generated twice"] = {
            name: limited[name] for name in ("rouge_l", "first_sentence", "loops", "from_passage")
        }
    figures["references"] = register([turn.reference for turn in turns])
    for name, system in (("no prompt", ""), ("neutral prompt", NEUTRAL), ("tone's prompt", tone)):
        figures[name] = register(measure.answers(model, tokenizer, turns, system))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
