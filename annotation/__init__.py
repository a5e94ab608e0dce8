"""Review in Argilla: push records, pull reviews, and measure inter-annotator agreement."""
