"""A rule against loops that leaves copying alone.

The stock rule against repeated n-grams counts the prompt, which forbids a model to quote the very
passage it is asked about. This one looks at what has been generated and at nothing else.
"""

import torch
from transformers import LogitsProcessor, NoRepeatNGramLogitsProcessor


class NoRepeatedGeneratedNGrams(LogitsProcessor):
    """Forbids any n tokens in a row to be generated a second time; prompts are not looked at."""

    def __init__(self, size: int, prompt_length: int) -> None:
        """Forbid repeats of `size` tokens after the first `prompt_length` (padding included)."""
        self.rule = NoRepeatNGramLogitsProcessor(size)
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The scores with the forbidden tokens at minus infinity."""
        generated = input_ids[:, self.prompt_length :]
        if generated.shape[1] < self.rule.ngram_size:
            return scores
        allowed: torch.FloatTensor = self.rule(generated, scores)
        return allowed
