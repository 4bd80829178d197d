"""Datasets: where a file is found, how its problems are read, asked, run and compared."""
