"""All settings for training the mini base model, with their units or effects."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the model, using the field names of `LlamaConfig`."""

    vocab_size: int = 4096  # tokens, including the six special ones
    hidden_size: int = 192
    intermediate_size: int = 512
    num_hidden_layers: int = 4
    num_attention_heads: int = 4  # three in the first layer look back by 1, 2 and 3 tokens
    head_dim: int = 64
    max_position_embeddings: int = 1024  # tokens of context


@dataclass(frozen=True, slots=True)
class Recipe:
    """Training settings, counted in steps so that the result doesn't depend on machine speed."""

    shape: Shape = Shape()
    rope_theta: float = 500_000.0  # rotary base; a large value helps to match distant tokens
    seed: int = 1
    steps: int = 5000  # total number, including the copying steps
    copying_steps: int = 100  # initial steps on random sequences that repeat once
    rows: int = 8  # rows per step
    row_tokens: int = 320  # tokens per row
    long_every: int = 8  # every nth step uses long rows
    long_rows: int = 3
    long_tokens: int = 1024
    matrix_rate: float = 0.02  # Muon's learning rate (matrices)
    vector_rate: float = 0.004  # AdamW's learning rate (embeddings and norms)
    warm_up: int = 40  # steps
    decay: float = 0.6  # final share of the steps in which the learning rates decay to 0
    clip: float = 1.0  # maximum gradient norm
    guidance: float = 0.3  # weight of the attention loss relative to cross-entropy
    copying_guidance: float = 0.5  # the same weight during the copying steps
    guided: float = 0.75  # initial share of the steps with the attention loss
    answer_weight: float = 2.0  # loss weight of answer tokens; plain text has 1
    conversational: float = 0.15  # share of grounded rows with a conversational prompt and answer
    neutral: float = 0.2  # share of grounded rows with another prompt and a plain answer
    held_out: int = 20  # one in this many articles is held out for evaluation
    checkpoint_every: int = 100  # steps
