"""Versions of what this program makes of its inputs, apart from heavy modules: doit asks for them in each run."""

EXTRACTOR = 4
"""Raise it when an answer may give other code than before; samples are then extracted again."""
