"""Inter-annotator agreement with confidence intervals, and the records that need discussion."""
