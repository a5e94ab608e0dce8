"""Pages that present the results of studies."""
