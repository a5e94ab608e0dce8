"""The voices that a model can be taught: tones of voice and personas."""
