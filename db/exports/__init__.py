"""Export versions as files for other programs."""
