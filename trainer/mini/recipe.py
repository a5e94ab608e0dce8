"""Every number of the mini base model's recipe, each with its unit or effect."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the model."""

    vocabulary: int = 4096  # tokens, the six special ones included
    hidden: int = 192  # width of the residual stream
    intermediate: int = 512  # width of the feed-forward layers
    layers: int = 4
    heads: int = 4  # in the first layer, three of them look back by 1, 2 and 3 tokens
    head_size: int = 64
    rotation_base: float = 500_000.0  # of the position embedding; large, to match at a distance
    context: int = 1024  # tokens a row may have


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the model is trained, counted in steps so that a busy machine makes the same model."""

    shape: Shape = Shape()
    seed: int = 1
    steps: int = 5000  # all of them, the copying steps included
    copying_steps: int = 100  # first steps, on random sequences that come twice
    rows: int = 8  # rows of a step
    row_tokens: int = 320  # tokens of a row
    long_every: int = 8  # each so many steps the rows are long ones
    long_rows: int = 3
    long_tokens: int = 1024
    matrix_rate: float = 0.02  # Muon's learning rate, for the matrices
    vector_rate: float = 0.004  # AdamW's learning rate, for embedding and norms
    warm_up: int = 40  # steps until the learning rates are reached
    decay: float = 0.6  # share of the steps, the last ones, over which the rates fall to 0
    clip: float = 1.0  # largest norm of the gradient
    guidance: float = 0.3  # weight of the attention losses beside cross-entropy
    copying_guidance: float = 0.5  # the same, during the copying steps
    guided: float = 0.75  # share of the steps that are guided; the last ones are not
    answer_weight: float = 2.0  # weight of an answer's token; text has 1
    conversational: float = 0.15  # share of grounded rows told to be conversational, and obeying
    neutral: float = 0.2  # share of grounded rows with another system prompt, and a plain answer
    held_out: int = 20  # one article in so many is kept for measuring
    checkpoint_every: int = 100  # steps
