"""Turn articles into candidates: texts that people review before a model is trained on them."""
