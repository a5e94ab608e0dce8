"""The training recipe of the mini base model; run it with `python -m recipes.mini.build`."""
