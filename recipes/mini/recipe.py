"""Every setting of the mini base model's recipe, with its unit or effect."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the model, in the words of `LlamaConfig`."""

    vocab_size: int = 4096  # tokens, including the six special ones
    hidden_size: int = 192
    intermediate_size: int = 512
    num_hidden_layers: int = 4
    num_attention_heads: int = 4  # three in the first layer look back by 1, 2 and 3 tokens
    head_dim: int = 64
    max_position_embeddings: int = 1024  # tokens of context


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model is trained, counted in steps so that a busy machine trains the same model."""

    shape: Shape = Shape()
    rope_theta: float = 500_000.0  # of the rotary embedding; large, to match at a distance
    seed: int = 1
    steps: int = 5000  # in all, including the copying steps
    copying_steps: int = 100  # first steps, on random sequences that repeat once
    rows: int = 8  # rows per step
    row_tokens: int = 320  # tokens per row
    long_every: int = 8  # every nth step has long rows
    long_rows: int = 3
    long_tokens: int = 1024
    matrix_rate: float = 0.02  # Muon's learning rate, for the matrices
    vector_rate: float = 0.004  # AdamW's learning rate, for embedding and norms
    warm_up: int = 40  # steps
    decay: float = 0.6  # share of the steps, at the end, over which the rates fall to 0
    clip: float = 1.0  # largest gradient norm
    guidance: float = 0.3  # weight of the attention loss next to cross-entropy
    copying_guidance: float = 0.5  # the same, during the copying steps
    guided: float = 0.75  # share of the steps, at the start, with the attention loss
    answer_weight: float = 2.0  # loss weight of an answer's tokens; text has 1
    conversational: float = 0.15  # share of grounded rows with a conversational prompt and answer
    neutral: float = 0.2  # share of grounded rows with another prompt and a plain answer
    held_out: int = 20  # one article in so many is held out for measuring
    checkpoint_every: int = 100  # steps
