"""Review in Argilla: push records, pull reviews, and measure how far reviewers agree."""
