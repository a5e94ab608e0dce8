"""Wikipedia in, candidates out."""
