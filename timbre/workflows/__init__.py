"""One module per step of the loop; each loads records, calls the stages and stores the results."""
