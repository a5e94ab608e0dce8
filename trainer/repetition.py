"""A rule against repetition that still lets the model quote its prompt.

The stock rule against repeated n-grams counts those in the prompt too, which stops a model from
quoting the passage it is asked about. This one counts generated tokens only.
"""

import torch
from transformers import LogitsProcessor, NoRepeatNGramLogitsProcessor


class NoRepeatedGeneratedNGrams(LogitsProcessor):
    """Stops the model from generating the same n tokens in a row twice."""

    def __init__(self, size: int, prompt_length: int) -> None:
        """Forbid repeats of `size` tokens after `prompt_length` tokens, padding included."""
        self.rule = NoRepeatNGramLogitsProcessor(size)
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The scores with the forbidden tokens at minus infinity."""
        generated = input_ids[:, self.prompt_length :]
        if generated.shape[1] < self.rule.ngram_size:
            return scores
        allowed: torch.FloatTensor = self.rule(generated, scores)
        return allowed
