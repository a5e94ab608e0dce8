"""Templates and parser functions, shown as a reader of the page sees them."""
