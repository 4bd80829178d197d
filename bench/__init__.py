"""Benchmark local language models at code, Make-style.

The pipeline, one module or package a stage (none imports a later one):

    profiles.py ─▶ problems.py ─▶ servers/ ─▶ extract.py ─▶ generate/, imports.py ─▶ samples.py ─▶ evaluate/ ─▶ report/

Importing this package does no work and loads nothing heavy.
"""

__version__ = "0.1.0"
