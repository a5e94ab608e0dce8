"""Start a campaign: write its files, check them, and report its progress."""
