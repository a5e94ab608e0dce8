"""The recipe of the mini base model: run `python -m recipes.mini.build`."""
