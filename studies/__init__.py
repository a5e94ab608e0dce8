"""Studies that repeat published experiments."""
