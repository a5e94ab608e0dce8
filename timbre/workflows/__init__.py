"""One module per verb of the loop: load records, call the stages, store what they return."""
