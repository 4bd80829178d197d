"""Benchmark local language models at code, Make-style.

The pipeline, one module or package a stage; none imports a later one:

    datasets/ ─▶ profiles/ ─▶ servers/ ─▶ extract/ ─▶ generate/, imports/
                ─▶ samples.py ─▶ sandbox/ ─▶ evaluate/ ─▶ report/ ─▶ graph/ ─▶ commands/

The graph of tasks is made of the last two. Modules that several stages use (files, errors, the terminal) lie beside
them. Importing this package does no work and loads nothing heavy.
"""

__version__ = "0.1.0"
