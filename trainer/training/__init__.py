"""The parts of a training run: its data, trainer, folder and result."""
