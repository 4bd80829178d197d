"""The embedded default: a tiny model with known answers and problem sets of our own."""
