"""Train adapters on frozen versions, and generate outputs with them."""
