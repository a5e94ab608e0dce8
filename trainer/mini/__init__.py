"""A language model small enough to ship, and the recipe that makes it."""
