"""How far reviewers agree, with intervals, and where they differ."""
