"""The parts of a training run: encoding, training, checkpoints and results."""
