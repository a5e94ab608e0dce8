"""One training run: its data, its trainer, its folder and its result."""
