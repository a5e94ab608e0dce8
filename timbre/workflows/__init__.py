"""One module per step of the loop, which loads records, calls the stages and stores the results."""
